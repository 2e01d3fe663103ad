import type { TimeDomain } from '../api/functions.js';
import type { OperatorSnapshot } from '../checkpoint/checkpoint-metadata.js';
import type { CheckpointId } from '../protocol/ids.js';
import type { KeyedStateBackend } from '../state/keyed-state-backend.js';
import { AbstractStreamOperator } from './abstract-stream-operator.js';
import { CallGuard, GuardedCollector } from './guarded-collector.js';
import { KeyedTimerService, type TimerNamespaces } from './keyed-timer-service.js';
import { watermarkOf } from './restored-watermark.js';
import type { OperatorContext } from './stream-operator.js';
import { ThreadShare } from './thread-share.js';

/**
 * What operators with keyed state and timers share. Invariant: a watermark is forwarded only after every
 * timer that it makes due has fired, though the firing may be suspended between any two of them; an operator
 * behind would else take a timer's results for late. It is while the output is full, and when the firing has had
 * its share of the thread: all windows of a day, of millions of keys, take longer than a heartbeat can wait.
 */
export abstract class AbstractKeyedOperator<In, Out> extends AbstractStreamOperator<In, Out> {
  protected readonly backend: KeyedStateBackend;
  protected readonly guard: CallGuard;
  protected readonly collector: GuardedCollector<Out>;
  protected readonly timers: KeyedTimerService;
  /** A watermark whose timers are still firing. */
  private pendingWatermark: number | undefined;
  private processingTimersAreDue = false;
  private readonly share: ThreadShare;
  private hasInputEnded = false;

  constructor(context: OperatorContext<Out>, timerNamespaces: TimerNamespaces) {
    super(context);
    if (context.keyedState === undefined)
      throw new Error(`Operator "${context.name}" has no keyed state backend.`);
    this.backend = context.keyedState;
    this.guard = new CallGuard(context.name);
    this.share = new ThreadShare(context, timersPerShare);
    this.collector = new GuardedCollector(context.output, this.guard, context.failure);
    this.timers = new KeyedTimerService({
      backend: this.backend,
      clock: context.clock,
      guard: this.guard,
      namespaces: timerNamespaces,
      restoredWatermark: watermarkOf(context.restored),
      onProcessingTimersDue: () => context.execute(() => this.fireProcessingTimers()),
    });
  }

  /** A timer is due; its key is the current one. */
  protected abstract fire(timestamp: number, timeDomain: TimeDomain): void;

  /** Before the first element: states are registered, the user's functions opened. Called under the guard. */
  protected abstract openFunction(): unknown;

  protected abstract closeFunction(): void;

  /** Asked whether it is a CheckpointedFunction. */
  protected abstract get userFunction(): object | undefined;

  override open(): void {
    this.guard.active = true;
    try {
      this.afterUserCall(this.openFunction());
    } catch (error) {
      throw this.failed(error, 'open()');
    } finally {
      this.guard.active = false;
    }
    this.timers.scheduleProcessingTimers();
  }

  override processWatermark(timestamp: number): void {
    this.advanceWatermark(timestamp);
    this.resume();
  }

  /** Event time has reached `timestamp`; what that makes due fires when the operator is resumed. */
  protected advanceWatermark(timestamp: number): void {
    const { timers } = this;
    // After a restore upstream repeats its watermark, or begins further back: which of its inputs were idle is in
    // no snapshot. Timers for a time that was past when they were set wait for an advance, as without a failure.
    if (timestamp <= timers.watermark) {
      this.output.emitWatermark(timers.watermark);
      return;
    }
    timers.watermark = timestamp;
    this.pendingWatermark = timestamp;
  }

  protected get hasTimersToFire(): boolean {
    return this.pendingWatermark !== undefined || this.processingTimersAreDue;
  }

  override resume(): boolean {
    this.share.begin();
    return this.fireEventTimers() && this.fireDueProcessingTimers();
  }

  /** Processing-time timers that are not due by then never fire, as in Flink: nobody would get their results. */
  override endInput(): void {
    this.hasInputEnded = true;
    this.timers.close();
  }

  override async snapshot(checkpointId: CheckpointId): Promise<OperatorSnapshot> {
    if (this.userFunction !== undefined) this.snapshotFunction(this.userFunction, this.guard);
    const watermark = this.timers.watermark;
    const keyedState = await this.backend.snapshot(checkpointId);
    return {
      keyedState: keyedState as unknown as NonNullable<OperatorSnapshot['keyedState']>,
      subtaskState: { watermark },
      stateBytes: keyedState.bytes,
    };
  }

  override notifyCheckpointComplete(checkpointId: CheckpointId): void {
    this.backend.notifyCheckpointComplete(checkpointId);
  }

  override async close(): Promise<void> {
    this.timers.close();
    try {
      this.closeFunction();
    } catch (error) {
      throw this.failed(error, 'close()');
    } finally {
      await this.backend.close();
    }
  }

  private fireProcessingTimers(): void {
    if (this.hasInputEnded) return;
    this.processingTimersAreDue = true;
    this.resume();
  }

  private fireEventTimers(): boolean {
    while (this.pendingWatermark !== undefined) {
      if (!this.share.take()) return false;
      const timestamp = this.timers.eventTime.pollDue(this.pendingWatermark);
      if (timestamp === undefined) {
        const reached = this.pendingWatermark;
        this.pendingWatermark = undefined;
        this.output.emitWatermark(reached);
      } else {
        this.fire(timestamp, 'event-time');
      }
    }
    return true;
  }

  private fireDueProcessingTimers(): boolean {
    while (this.processingTimersAreDue) {
      if (!this.share.take()) return false;
      const timestamp = this.timers.processingTime.pollDue(this.context.clock.epochMs());
      if (timestamp === undefined) {
        this.processingTimersAreDue = false;
        this.timers.scheduleProcessingTimers();
      } else {
        this.fire(timestamp, 'processing-time');
      }
    }
    return true;
  }
}

/** Likely milliseconds: about what an executor's slice may take. */
const timersPerShare = 1_024;
