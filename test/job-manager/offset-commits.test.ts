import { describe, expect, it } from 'vitest';
import type { SourceNode } from '../../src/graph/stream-graph.js';
import { OffsetCommits } from '../../src/job-manager/offset-commits.js';
import type { TopicPartitionOffset } from '../../src/log/log-port.js';
import { operatorUid } from '../../src/protocol/ids.js';
import type { SourceSplit } from '../../src/sources/source.js';
import { metadataOf, snapshotOf } from '../checkpoint/checkpoint-fixtures.js';

const events = operatorUid('events');
const offsetOf = (offset: number) => ({ topic: 'events', partition: 0, offset });

/** Commits that end when the test says so. */
class CommittingSource {
  readonly committed: unknown[] = [];
  readonly warnings: string[] = [];
  private readonly ends: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = [];
  readonly commits: OffsetCommits;

  constructor() {
    const node = {
      uid: events,
      name: 'events',
      source: {
        onCheckpointComplete: (_context: unknown, splits: readonly SourceSplit[]) => {
          this.committed.push(splits);
          const offsets = splits.map(({ state }) => offsetOf(Number(state)));
          return new Promise<readonly TopicPartitionOffset[]>((resolve, reject) =>
            this.ends.push({ resolve: () => resolve(offsets), reject }),
          );
        },
      },
    };
    this.commits = new OffsetCommits(
      [node as unknown as SourceNode],
      { log: () => Promise.reject(new Error('There is no log.')) },
      (message) => this.warnings.push(message),
    );
  }

  complete(id: number): void {
    const listState = [{ index: 0, state: id }];
    this.commits.commit(metadataOf(id, { subtasks: [snapshotOf('events', 0, { listState })] }));
  }

  async end(error?: Error): Promise<void> {
    const end = this.ends.shift();
    if (error === undefined) end?.resolve();
    else end?.reject(error);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const positions = (id: number) => [{ index: 0, state: id }];

describe('Offsets of completed checkpoints', () => {
  it('are committed one checkpoint at a time, and only the newest waits', async () => {
    const source = new CommittingSource();
    for (const id of [1, 2, 3]) source.complete(id);
    expect(source.committed).toEqual([positions(1)]);
    await source.end();
    expect(source.committed).toEqual([positions(1), positions(3)]);
    await source.end();
    await source.commits.idle();
    expect(source.commits.of(events)).toEqual({
      commitsSucceeded: 2,
      commitsFailed: 0,
      offsets: [offsetOf(3)],
    });
  });

  it('that can’t be committed are counted, told once until it works again, and later ones are tried', async () => {
    const source = new CommittingSource();
    const refusal = new Error('No access to the group.');
    for (const [id, error] of [refusal, refusal, undefined, refusal].entries()) {
      source.complete(id);
      await source.end(error);
    }
    expect(source.commits.of(events)).toEqual({
      commitsSucceeded: 1,
      commitsFailed: 3,
      offsets: [offsetOf(2)],
    });
    const warning = expect.stringMatching(
      /Offsets of source "events" could not be .*No access to the group\./,
    );
    expect(source.warnings).toEqual([warning, warning]);
  });

  it('are idle only when nothing is under way', async () => {
    const source = new CommittingSource();
    let isIdle = false;
    source.complete(1);
    void source.commits.idle().then(() => {
      isIdle = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(isIdle).toBe(false);
    await source.end();
    expect(isIdle).toBe(true);
  });

  it('are nothing to a source that keeps none', async () => {
    const node = { uid: operatorUid('numbers'), source: {} };
    const log = () => Promise.reject(new Error('There is no log.'));
    const commits = new OffsetCommits([node as unknown as SourceNode], { log }, () => {});
    commits.commit(metadataOf(1));
    await commits.idle();
    expect(commits.of(operatorUid('numbers'))).toBeUndefined();
  });
});
