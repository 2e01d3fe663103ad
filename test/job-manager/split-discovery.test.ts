import { describe, expect, it, onTestFinished } from 'vitest';
import type { SourceNode } from '../../src/graph/stream-graph.js';
import { SplitDiscovery } from '../../src/job-manager/split-discovery.js';
import { LogError } from '../../src/log/log-port.js';
import { type Failure, MillraceError } from '../../src/protocol/failures.js';
import { operatorUid, type SplitId, splitId } from '../../src/protocol/ids.js';
import type { Source, SourceSplit } from '../../src/sources/source.js';
import { SimulatedClock } from '../simulation/simulated-clock.js';
import { SimulatedRandom } from '../simulation/simulated-random.js';

const split = (index: number): SourceSplit => ({ splitId: splitId(`t-${index}`), index, state: index });

/** A log whose splits a test adds one by one, and a source that looks for them each second. */
class Discovery {
  readonly clock = new SimulatedClock(new SimulatedRandom(1));
  readonly existing: SourceSplit[] = [split(0)];
  readonly assigned: { readonly subtask: number; readonly splits: readonly SplitId[] }[] = [];
  readonly failures: Failure[] = [];
  readonly told: string[] = [];
  looks = 0;
  throws: Error | undefined;
  private readonly discovery: SplitDiscovery;

  constructor(
    options: { readonly interval?: 'never'; readonly found?: SourceSplit; readonly throws?: Error } = {},
  ) {
    if (options.found !== undefined) this.existing.push(options.found);
    this.throws = options.throws;
    const source: Partial<Source<unknown>> = {
      discoveryIntervalMs: options.interval === 'never' ? undefined : 1_000,
      discoverNewSplits: async (_context, known) => {
        this.looks += 1;
        if (this.throws !== undefined) throw this.throws;
        return this.existing.filter((each) => !known.has(each.splitId));
      },
    };
    const node = { kind: 'source', uid: operatorUid('events'), name: 'events', source } as SourceNode;
    this.discovery = new SplitDiscovery({
      sources: [node],
      parallelism: 3,
      clock: this.clock,
      log: () => Promise.reject(new Error('There is no log.')),
      assigned: (uid) => (uid === node.uid ? [split(0)] : []),
      assign: (subtask, _source, splits) =>
        this.assigned.push({ subtask, splits: splits.map((each) => each.splitId) }),
      tell: (message) => this.told.push(message),
      fail: (failure) => this.failures.push(failure),
    });
    onTestFinished(() => this.discovery.close());
  }

  close(): void {
    this.discovery.close();
  }
}

describe('Split discovery', () => {
  it('hands out what is new, once, to the subtask that every attempt would choose', async () => {
    const discovery = new Discovery();
    await discovery.clock.advance(500);
    expect(discovery.assigned).toEqual([]);
    discovery.existing.push(split(1), split(4), split(5));
    await discovery.clock.advance(5_000);
    expect(discovery.assigned).toEqual([
      { subtask: 1, splits: ['t-1', 't-4'] },
      { subtask: 2, splits: ['t-5'] },
    ]);
    expect(discovery.told).toEqual(['Source "events" found t-1, t-4, t-5, to be read from the beginning.']);
  });

  it('looks at once, for what came while the job was down', async () => {
    const discovery = new Discovery({ found: split(1) });
    await discovery.clock.advance(1);
    expect(discovery.assigned).toHaveLength(1);
  });

  it('tries again after an error that may pass, and says so', async () => {
    const discovery = new Discovery();
    discovery.throws = new LogError('unreachable', 'No broker answers.');
    await discovery.clock.advance(1_500);
    discovery.throws = undefined;
    discovery.existing.push(split(1));
    await discovery.clock.advance(1_000);
    expect(discovery.assigned).toHaveLength(1);
    expect(discovery.failures).toEqual([]);
    expect(discovery.told[0]).toMatch(/could not look for new splits: .*No broker answers/);
  });

  it('fails the job where a split is gone, and looks no more', async () => {
    const gone = { domain: 'outside-system', action: 'fail-job' } as const;
    const discovery = new Discovery({ throws: new MillraceError('Partition 3 is gone.', gone) });
    await discovery.clock.advance(10_000);
    expect(discovery.failures).toMatchObject([{ action: 'fail-job', message: 'Partition 3 is gone.' }]);
    expect(discovery.looks).toBe(1);
  });

  it('ends with its attempt', async () => {
    const discovery = new Discovery();
    await discovery.clock.advance(500);
    discovery.close();
    discovery.existing.push(split(1));
    await discovery.clock.advance(10_000);
    expect(discovery.looks).toBe(1);
    expect(discovery.assigned).toEqual([]);
  });

  it('does not look where a source says never', async () => {
    const discovery = new Discovery({ interval: 'never' });
    await discovery.clock.advance(10_000);
    expect(discovery.looks).toBe(0);
  });
});
