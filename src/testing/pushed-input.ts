import type { SubtaskSnapshot } from '../checkpoint/checkpoint-metadata.js';
import type { OutputAvailability } from '../exchange/output-availability.js';
import type { CheckpointId } from '../protocol/ids.js';
import { MIN_WATERMARK } from '../protocol/stream-elements.js';
import type {
  CheckpointTaker,
  InputStatus,
  SourceInputMetrics,
  SubtaskInput,
} from '../task-manager/subtask-input.js';

/** What a test lets reach the operators. */
export type Arrival<In> =
  | {
      readonly kind: 'record';
      readonly value: In;
      readonly timestamp: number;
      /** Of a two-input operator; the first where it is left out. */
      readonly input?: 0 | 1;
    }
  | { readonly kind: 'watermark'; readonly timestamp: number }
  | { readonly kind: 'watermark-status'; readonly idle: boolean };

/** What is fed: an operator, or the output of a source. */
export interface PushTarget {
  collect(value: unknown, timestamp: number, input: number): void;
  emitWatermark(timestamp: number): void;
  emitWatermarkStatus(idle: boolean): void;
}

/** The input of a subtask whose elements a test pushes, in place of a source's or a gate's. */
export class PushedInput<In> implements SubtaskInput {
  hasEnded = false;
  numRecordsIn = 0;
  currentInputWatermark = MIN_WATERMARK;
  readonly alignmentTimeMs = 0;
  private readonly waiting: Arrival<In>[] = [];
  private readonly target: PushTarget;
  private readonly availability: OutputAvailability;
  private readonly takeCheckpoint: CheckpointTaker;

  constructor(target: PushTarget, availability: OutputAvailability, takeCheckpoint: CheckpointTaker) {
    this.target = target;
    this.availability = availability;
    this.takeCheckpoint = takeCheckpoint;
  }

  push(arrival: Arrival<In>): void {
    this.waiting.push(arrival);
  }

  processNext(recordsMax: number): InputStatus {
    for (let taken = 0; taken < recordsMax && this.availability.isAvailable; taken += 1) {
      const next = this.waiting.shift();
      if (next === undefined) return this.hasEnded ? 'end-of-input' : 'nothing-available';
      this.pass(next);
    }
    return 'more-available';
  }

  triggerCheckpoint(id: CheckpointId, triggeredAtMs: number): void {
    this.takeCheckpoint(id, triggeredAtMs);
  }

  addSplits(): void {}

  checkpointComplete(): void {}

  checkpointAborted(): void {}

  snapshot(): readonly SubtaskSnapshot[] {
    return [];
  }

  /** What was offered and has not been taken. */
  get arrivalsWaiting(): number {
    return this.waiting.length;
  }

  sourceMetrics(): SourceInputMetrics {
    return { pendingRecords: this.arrivalsWaiting, numRecordsInErrors: 0, partitions: [] };
  }

  async close(): Promise<void> {}

  private pass(arrival: Arrival<In>): void {
    switch (arrival.kind) {
      case 'record':
        this.numRecordsIn += 1;
        this.target.collect(arrival.value, arrival.timestamp, arrival.input ?? 0);
        return;
      case 'watermark':
        this.currentInputWatermark = arrival.timestamp;
        this.target.emitWatermark(arrival.timestamp);
        return;
      case 'watermark-status':
        this.target.emitWatermarkStatus(arrival.idle);
        return;
    }
  }
}
