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
  /** Read while the split is paused, oldest first. */
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

  addTo(reader: LogReader): void {
    const { topic, partition } = this;
    reader.addPartition({ topic, partition }, this.position, this.stopPosition ?? undefined);
  }
}
