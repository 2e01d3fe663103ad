import type { LogBatch, LogReader } from '../log/log-port.js';
import type { LogSplitState } from './log-split.js';
import type { SplitOutput } from './source.js';

/** One split as it is read. */
export class LogSplitReader implements LogSplitState {
  readonly topic: string;
  readonly partition: number;
  readonly stopPosition: number | null;
  readonly index: number;
  readonly output: SplitOutput;
  /** The next offset to emit. */
  position: number;
  /** How often its position was not in the log and reading went on elsewhere. */
  resets = 0;
  private resetToldAtMs = Number.NEGATIVE_INFINITY;
  /** Fetched and not yet begun to be emitted, oldest first. */
  readonly waiting: LogBatch[] = [];

  constructor(state: LogSplitState, index: number, output: SplitOutput) {
    this.topic = state.topic;
    this.partition = state.partition;
    this.stopPosition = state.stopPosition;
    this.position = state.position;
    this.index = index;
    this.output = output;
  }

  get isAtStop(): boolean {
    return this.stopPosition !== null && this.position >= this.stopPosition;
  }

  /** Whether people should be told of this one. */
  noteReset(nowMs: number): boolean {
    this.resets += 1;
    if (nowMs - this.resetToldAtMs < resetWarningIntervalMs) return false;
    this.resetToldAtMs = nowMs;
    return true;
  }

  addTo(reader: LogReader): void {
    const { topic, partition } = this;
    reader.addPartition({ topic, partition }, this.position, this.stopPosition ?? undefined);
  }
}

/** A partition whose records are deleted faster than they are read is reset again and again; the metric counts all of it. */
const resetWarningIntervalMs = 10_000;
