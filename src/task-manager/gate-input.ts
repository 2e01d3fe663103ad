import {
  type AlignmentState,
  type AlignmentStep,
  alignBarriers,
  initialAlignment,
} from '../checkpoint/barrier-aligner.js';
import type { SubtaskSnapshot } from '../checkpoint/checkpoint-metadata.js';
import { ElementKind } from '../exchange/channel.js';
import type { GateBuffer, InputGate } from '../exchange/input-gate.js';
import { InputWatermarks } from '../exchange/input-watermarks.js';
import type { OutputAvailability } from '../exchange/output-availability.js';
import type { CurrentOrigin } from '../exchange/record-origin.js';
import type { Clock } from '../host/clock.js';
import type { StreamOperator } from '../operators/stream-operator.js';
import type { CheckpointId } from '../protocol/ids.js';
import { MIN_WATERMARK, type StreamEvent } from '../protocol/stream-elements.js';
import type { CheckpointTaker, InputStatus, SourceInputMetrics, SubtaskInput } from './subtask-input.js';

/**
 * The input of a subtask that reads channels. Invariant: elements reach the head operator in each channel's
 * order, and a checkpoint is taken exactly when the alignment says so, before any element behind a barrier.
 *
 * Its watermarks are not in the snapshot: every upstream subtask repeats its own restored one before its
 * first record, and operators remember how far they were.
 */
export class GateInput implements SubtaskInput {
  numRecordsIn = 0;
  currentInputWatermark = MIN_WATERMARK;
  alignmentTimeMs = 0;
  private readonly options: GateInputOptions;
  private readonly watermarks: InputWatermarks;
  private alignment: AlignmentState;
  private buffer: GateBuffer | undefined;
  private endedChannel: number | undefined;
  /** Epoch, of the newest checkpoint heard of: goes on with its barrier. */
  private triggeredAtMs = 0;
  /** Events for the operator that wait until a suspended emission of an earlier one is done. */
  private readonly waitingEvents: StreamEvent[] = [];

  constructor(options: GateInputOptions) {
    this.options = options;
    const { gate } = options;
    const channels = Array.from({ length: gate.channelCount }, (_, channel) => gate.inputIndexOf(channel));
    this.watermarks = new InputWatermarks(channels);
    this.alignment = initialAlignment(gate.channelCount);
  }

  processNext(recordsMax: number): InputStatus {
    const { gate, operator, availability, origin } = this.options;
    let records = 0;
    while (records < recordsMax) {
      if (!this.deliverWaitingEvents()) return 'more-available';
      const buffer = this.buffer ?? gate.poll(this.watermarkOf);
      if (buffer === undefined) return gate.isFinished ? 'end-of-input' : 'nothing-available';
      this.buffer = buffer;
      const { cursor, inputIndex } = buffer;
      for (; records < recordsMax; records += 1) {
        const kind = cursor.next();
        if (kind === ElementKind.record) {
          this.numRecordsIn += 1;
          origin.copy(cursor.origin);
          operator.processElement(cursor.value, cursor.timestamp, inputIndex);
          origin.clear();
          if (!availability.isAvailable) return 'more-available';
        } else if (kind === ElementKind.event) {
          this.onEvent(buffer.channel, cursor.event);
          if (this.waitingEvents.length > 0) break;
        } else {
          this.releaseBuffer();
          break;
        }
      }
    }
    return 'more-available';
  }

  triggerCheckpoint(checkpointId: CheckpointId, triggeredAtMs: number): void {
    this.triggeredAtMs = triggeredAtMs;
    this.align(alignBarriers(this.alignment, { kind: 'trigger', checkpointId, nowMs: this.nowMs() }));
  }

  addSplits(): void {}

  checkpointComplete(): void {}

  checkpointAborted(checkpointId: CheckpointId): void {
    this.align(alignBarriers(this.alignment, { kind: 'aborted', checkpointId }));
  }

  snapshot(): readonly SubtaskSnapshot[] {
    return [];
  }

  sourceMetrics(): SourceInputMetrics {
    return noSource;
  }

  async close(): Promise<void> {
    this.options.gate.close();
  }

  private onEvent(channel: number, event: StreamEvent): void {
    switch (event.kind) {
      case 'watermark':
        this.waitingEvents.push(...this.watermarks.onWatermark(channel, event.timestamp));
        return;
      case 'watermark-status':
        this.waitingEvents.push(...this.watermarks.onWatermarkStatus(channel, event.idle));
        return;
      case 'barrier': {
        const { checkpointId } = event;
        this.triggeredAtMs = event.triggeredAtMs;
        this.align(
          alignBarriers(this.alignment, { kind: 'barrier', channel, checkpointId, nowMs: this.nowMs() }),
        );
        return;
      }
      case 'end-of-input':
        // The checkpoint first: what the watermark's advance sets off belongs behind it.
        this.align(alignBarriers(this.alignment, { kind: 'end-of-input', channel, nowMs: this.nowMs() }));
        this.waitingEvents.push(...this.watermarks.onEndOfInput(channel));
        this.endedChannel = channel;
        return;
    }
  }

  /** False when the output filled up: the chain must be resumed before anything else reaches it. */
  private deliverWaitingEvents(): boolean {
    const { operator, availability } = this.options;
    while (this.waitingEvents.length > 0) {
      if (!availability.isAvailable) return false;
      const event = this.waitingEvents.shift();
      if (event?.kind === 'watermark') {
        this.currentInputWatermark = event.timestamp;
        operator.processWatermark(event.timestamp);
      } else if (event?.kind === 'watermark-status') {
        operator.processWatermarkStatus(event.idle);
      }
    }
    return availability.isAvailable;
  }

  private align(step: AlignmentStep): void {
    this.alignment = step.state;
    for (const effect of step.effects) {
      switch (effect.kind) {
        case 'block-channel':
          this.options.gate.block(effect.channel);
          break;
        case 'unblock-all':
          this.options.gate.unblockAll();
          this.options.wake();
          break;
        case 'take-snapshot':
          this.alignmentTimeMs = effect.alignmentMs;
          this.options.takeCheckpoint(effect.checkpointId, this.triggeredAtMs);
          break;
        case 'drop-stale':
          break;
      }
    }
  }

  private releaseBuffer(): void {
    this.buffer?.cursor.release();
    this.buffer = undefined;
    if (this.endedChannel === undefined) return;
    this.options.gate.finish(this.endedChannel);
    this.endedChannel = undefined;
  }

  private readonly watermarkOf = (channel: number): number => this.watermarks.watermarkOf(channel);

  private nowMs(): number {
    return this.options.clock.monotonicMs();
  }
}

const noSource: SourceInputMetrics = { pendingRecords: undefined, numRecordsInErrors: 0, partitions: [] };

export interface GateInputOptions {
  readonly gate: InputGate;
  readonly operator: StreamOperator<unknown>;
  readonly availability: OutputAvailability;
  readonly origin: CurrentOrigin;
  readonly clock: Clock;
  readonly takeCheckpoint: CheckpointTaker;
  readonly wake: () => void;
}
