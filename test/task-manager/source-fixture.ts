import { type WatermarkStrategy, Watermarks } from '../../src/api/watermarks.js';
import { OutputAvailability } from '../../src/exchange/output-availability.js';
import { CurrentOrigin } from '../../src/exchange/record-origin.js';
import { checkpointId, operatorUid, splitId, subtaskIndex } from '../../src/protocol/ids.js';
import { MAX_WATERMARK, MIN_WATERMARK } from '../../src/protocol/stream-elements.js';
import type { Source, SourceOutput, SourceSplit, SourceStatus } from '../../src/sources/source.js';
import { ChainOutput, type OutputTarget } from '../../src/task-manager/chain-output.js';
import { SourceInput } from '../../src/task-manager/source-input.js';
import { SimulatedClock } from '../simulation/simulated-clock.js';
import { SimulatedRandom } from '../simulation/simulated-random.js';

interface FixtureOptions {
  readonly strategy?: WatermarkStrategy<number>;
  readonly splits?: readonly string[];
  readonly restoredWatermark?: number;
  readonly idleTimeoutMs?: number;
  /** A split as a checkpoint holds it, in place of new ones. */
  readonly restored?: SourceSplit;
}

/** A source whose records are their own event times and come when the test says so. */
export class SourceFixture {
  readonly happened: string[] = [];
  /** Where what was emitted came from; `nowhere` of a watermark. */
  readonly origins: string[] = [];
  readonly input: SourceInput;
  readonly output = new OutputAvailability(() => {});
  readonly origin = new CurrentOrigin();
  readonly clock = new SimulatedClock(new SimulatedRandom(1));
  /** What the input wants done between two elements. */
  readonly actions: (() => void)[] = [];
  /** The output is full after each of these. */
  readonly blocksAfter = new Set<string>();
  readonly caughtUp = new Set<string>();
  readonly arrived: { readonly time: number; readonly split: string }[] = [];
  /** What the reader was given to read. */
  readonly reading: SourceSplit[] = [];
  /** To the JobManager, for alignment. */
  readonly reported: number[] = [];
  /** How often the input asked to be called again. */
  wakes = 0;
  hasEnded = false;
  isClosed = false;

  constructor(options: FixtureOptions = {}) {
    const fresh = (options.splits ?? ['s-0']).map(
      (name, index): SourceSplit => ({ splitId: splitId(name), index, state: null }),
    );
    const splits = options.restored === undefined ? fresh : [options.restored];
    const target: OutputTarget = {
      collect: (value) => this.note(`${value}`),
      emitWatermark: (timestamp) => this.note(timestamp === MAX_WATERMARK ? 'max' : `w${timestamp}`),
      emitWatermarkStatus: (idle) => this.note(idle ? 'idle' : 'active'),
    };
    // Watermarks go to all targets, and one is enough to hear them from.
    const aside: OutputTarget = { ...target, emitWatermark: () => {}, emitWatermarkStatus: () => {} };
    this.input = new SourceInput({
      operatorUid: operatorUid('events'),
      subtaskIndex: subtaskIndex(0),
      source: this.sourceOf(splits),
      strategy: (options.strategy ?? Watermarks.monotonous()) as WatermarkStrategy<unknown>,
      idleTimeoutMs: options.idleTimeoutMs,
      splits,
      restoredWatermark: options.restoredWatermark ?? MIN_WATERMARK,
      output: new ChainOutput([target], new Map([['aside', [aside]]])),
      availability: this.output,
      origin: this.origin,
      clock: this.clock,
      readerContext: {
        operatorName: 'events',
        subtaskIndex: subtaskIndex(0),
        availability: this.output,
        clock: this.clock,
        log: () => Promise.reject(new Error('There is no log.')),
        onAvailable: () => {
          this.wakes += 1;
        },
        fail: (error) => {
          throw error;
        },
        warn: (message) => this.note(`warning ${message}`),
      },
      takeCheckpoint: (id) => this.note(`checkpoint ${id}`),
      reportWatermark: (watermark) => this.reported.push(watermark),
      execute: (action) => this.actions.push(action),
    });
  }

  /** One step of the subtask; what happened in it, and the input's answer last. */
  step(): string[] {
    for (const action of this.actions.splice(0)) action();
    const status = this.output.isAvailable ? this.input.processNext(10) : 'blocked';
    return [...this.happened.splice(0), status];
  }

  get watermarkInSnapshot(): unknown {
    return this.input.snapshot(checkpointId(1))[0]?.snapshot.subtaskState;
  }

  get splitsInSnapshot(): readonly SourceSplit[] {
    return this.input.snapshot(checkpointId(1))[0]?.snapshot.listState as never;
  }

  private sourceOf(splits: readonly SourceSplit[]): Source<unknown> {
    return {
      kind: 'scripted',
      description: '',
      boundedness: 'bounded',
      idleTimeoutMs: undefined,
      discoverSplits: async () => splits,
      describePlace: (split) => `split ${split.splitId}, time`,
      createReader: ({ output }) => ({
        addSplits: (added) => this.reading.push(...added),
        emitNext: (recordsMax) => this.emit(output, recordsMax),
        snapshotSplits: () => this.reading,
        isCaughtUp: (split) => this.caughtUp.has(split),
        recordsSkipped: 0,
        pendingRecords: () => undefined,
        close: async () => {
          this.isClosed = true;
        },
      }),
    };
  }

  private emit(output: SourceOutput<unknown>, recordsMax: number): SourceStatus {
    for (let taken = 0; taken < recordsMax && this.output.isAvailable; taken += 1) {
      const next = this.arrived.shift();
      if (next === undefined) break;
      output.collect(next.time, next.time, output.splitOutput(splitId(next.split)), next.time);
    }
    if (this.arrived.length > 0) return 'more-available';
    return this.hasEnded ? 'end-of-input' : 'nothing-available';
  }

  private note(word: string): void {
    this.happened.push(word);
    const { split, position } = this.origin;
    this.origins.push(`${word} of ${split === '' ? 'nowhere' : `${split} ${position}`}`);
    if (this.blocksAfter.has(word)) this.output.block();
  }
}

export const at = (time: number, split = 's-0') => ({ time, split });
