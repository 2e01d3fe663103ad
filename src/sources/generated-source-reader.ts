import type { CancelTimer } from '../host/clock.js';
import type { SplitId } from '../protocol/ids.js';
import { NO_TIMESTAMP } from '../protocol/stream-elements.js';
import { EmissionRate } from './emission-rate.js';
import { generatedSplit, readGeneratedSplit } from './generated-split.js';
import type { Generation } from './generation.js';
import type { SourceReader, SourceReaderContext, SourceSplit, SourceStatus, SplitOutput } from './source.js';

/**
 * Emits one element of each split in turn. Invariant: which element comes next follows from the positions
 * alone, so a restored reader goes on in the order in which the failed one would have.
 */
export class GeneratedSourceReader<T> implements SourceReader {
  readonly recordsSkipped = 0;
  private readonly generation: Generation<T>;
  private readonly context: SourceReaderContext<T>;
  private readonly splits: GeneratedSplitReader[] = [];
  /** Splits that are not at their end, in the order of emission. */
  private open: GeneratedSplitReader[] = [];
  private turn = 0;
  private hasSplits = false;
  private rate: EmissionRate | undefined;
  private cancelWakeUp: CancelTimer | undefined;

  constructor(generation: Generation<T>, context: SourceReaderContext<T>) {
    this.generation = generation;
    this.context = context;
  }

  addSplits(splits: readonly SourceSplit[]): void {
    this.hasSplits = true;
    for (const split of splits) {
      const { position } = readGeneratedSplit(split);
      const output = this.context.output.splitOutput(split.splitId);
      const reader = new GeneratedSplitReader(
        split.index,
        position,
        this.generation.elementsOf(split.index),
        output,
      );
      this.splits.push(reader);
      if (reader.isAtEnd) this.context.output.finishSplit(output);
    }
    this.open = this.splits.filter((split) => !split.isAtEnd).sort(byTurn);
    this.turn = 0;
    const { ratePerSecond, splitCount } = this.generation;
    if (ratePerSecond !== undefined) {
      // Each subtask emits its splits' share, so that the subtasks need not agree on anything.
      const share = (ratePerSecond * this.splits.length) / splitCount;
      this.rate = share > 0 ? new EmissionRate(share, this.context.clock.monotonicMs()) : undefined;
    }
    this.context.onAvailable();
  }

  emitNext(recordsMax: number): SourceStatus {
    const allowed = this.rate?.available(this.context.clock.monotonicMs()) ?? recordsMax;
    const emitted = this.emit(Math.min(recordsMax, allowed));
    this.rate?.take(emitted);
    if (!this.hasSplits) return 'nothing-available';
    if (this.open.length === 0) return 'end-of-input';
    if (this.rate === undefined || emitted < allowed) return 'more-available';
    this.wakeUpLater(this.rate.delayMs);
    return 'nothing-available';
  }

  snapshotSplits(): readonly SourceSplit[] {
    return this.splits.map((split) => generatedSplit(split.index, split.position));
  }

  isCaughtUp(_splitId: SplitId): boolean {
    return false;
  }

  pendingRecords(): number | undefined {
    if (this.generation.boundedness === 'continuous') return undefined;
    return this.open.reduce((pending, split) => pending + split.elements - split.position, 0);
  }

  async close(): Promise<void> {
    this.cancelWakeUp?.();
  }

  private emit(recordsMax: number): number {
    const { availability, output } = this.context;
    let emitted = 0;
    while (emitted < recordsMax && this.open.length > 0 && availability.isAvailable) {
      const split = this.open[this.turn]!;
      const { index, position } = split;
      output.collect(this.generation.elementAt(index, position), NO_TIMESTAMP, split.output, position);
      split.position += 1;
      emitted += 1;
      this.passTurn(split);
    }
    return emitted;
  }

  private passTurn(split: GeneratedSplitReader): void {
    if (split.isAtEnd) {
      this.open.splice(this.turn, 1);
      this.context.output.finishSplit(split.output);
    } else {
      this.turn += 1;
    }
    if (this.turn >= this.open.length) this.turn = 0;
  }

  private wakeUpLater(delayMs: number): void {
    this.cancelWakeUp?.();
    this.cancelWakeUp = this.context.clock.setTimer(delayMs, () => this.context.onAvailable());
  }
}

class GeneratedSplitReader {
  readonly index: number;
  readonly elements: number;
  readonly output: SplitOutput;
  position: number;

  constructor(index: number, position: number, elements: number, output: SplitOutput) {
    this.index = index;
    this.position = position;
    this.elements = elements;
    this.output = output;
  }

  get isAtEnd(): boolean {
    return this.position >= this.elements;
  }
}

/** The split that is least far goes first, then the lower index: the turn order from the beginning, met at any point. */
function byTurn(a: GeneratedSplitReader, b: GeneratedSplitReader): number {
  return a.position - b.position || a.index - b.index;
}
