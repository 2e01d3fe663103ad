import type { CancelTimer, Clock } from '../host/clock.js';
import type { EventLoop } from '../host/event-loop.js';
import type { SubtaskMetrics } from '../protocol/messages.js';
import type { Subtask } from './subtask.js';

/**
 * Gives a slot's subtasks their turns on its one thread (Flink's mailbox). Invariant: between two slices
 * the thread is free, so that messages (triggers, credits, records of other threads) and timers get in; a
 * subtask that is blocked never keeps another of the thread from working, or a full exchange could deadlock.
 */
export class TaskExecutor {
  private readonly options: TaskExecutorOptions;
  private readonly subtasks: readonly Subtask[];
  private readonly times: SubtaskTimes[];
  private isScheduled = false;
  private isStopped = false;
  private lastFlushMs: number;
  private lastSliceEndMs: number;
  private cancelFlush: CancelTimer | undefined;

  /** Downstream subtasks come first in `subtasks`: what is in flight is worked off before more is taken in. */
  constructor(subtasks: readonly Subtask[], options: TaskExecutorOptions) {
    this.options = options;
    this.subtasks = subtasks;
    this.times = subtasks.map(() => ({ busyTimeMs: 0, backPressuredTimeMs: 0, isBlocked: false }));
    this.lastFlushMs = options.clock.monotonicMs();
    this.lastSliceEndMs = this.lastFlushMs;
  }

  /** Asks for a slice; many calls before it give one. */
  wake(): void {
    if (this.isScheduled || this.isStopped) return;
    this.isScheduled = true;
    this.options.eventLoop.nextTurn(() => this.runSlice());
  }

  stop(): void {
    this.isStopped = true;
    this.cancelFlush?.();
  }

  /** By the subtask's place. */
  timesOf(index: number): Pick<SubtaskMetrics, 'busyTimeMs' | 'backPressuredTimeMs'> {
    const { busyTimeMs, backPressuredTimeMs } = this.times[index] as SubtaskTimes;
    return { busyTimeMs, backPressuredTimeMs };
  }

  private runSlice(): void {
    this.isScheduled = false;
    if (this.isStopped) return;
    const startMs = this.options.clock.monotonicMs();
    this.countWaiting(startMs);
    try {
      let anyWorked = true;
      for (let round = 0; anyWorked && round < roundsPerSliceMax; round += 1) {
        anyWorked = this.runRound();
        if (this.options.clock.monotonicMs() - startMs >= sliceMs) break;
      }
      this.flushAfterTimeout();
      if (anyWorked) this.wake();
      else if (this.times.some((time) => time.isBlocked)) this.scheduleFlush();
    } catch (error) {
      this.stop();
      this.options.onError(error);
    }
    this.lastSliceEndMs = this.options.clock.monotonicMs();
  }

  private runRound(): boolean {
    let anyWorked = false;
    for (let index = 0; index < this.subtasks.length; index += 1) {
      const subtask = this.subtasks[index] as Subtask;
      const time = this.times[index] as SubtaskTimes;
      const beforeMs = this.options.clock.monotonicMs();
      const result = subtask.step(this.options.recordsPerStepMax);
      time.busyTimeMs += this.options.clock.monotonicMs() - beforeMs;
      time.isBlocked = result === 'blocked';
      if (result === 'worked') anyWorked = true;
      // Out of input: what lies in open buffers would otherwise wait for records that may not come.
      else if (result === 'idle') subtask.flush();
    }
    return anyWorked;
  }

  private flushAfterTimeout(): void {
    const nowMs = this.options.clock.monotonicMs();
    if (nowMs - this.lastFlushMs < this.options.bufferTimeoutMs) return;
    this.lastFlushMs = nowMs;
    for (const subtask of this.subtasks) subtask.flush();
  }

  /** While one channel is out of credit no slice may come for long; what lies in the others' open buffers can go. */
  private scheduleFlush(): void {
    this.cancelFlush ??= this.options.clock.setTimer(this.options.bufferTimeoutMs, () => {
      this.cancelFlush = undefined;
      this.wake();
    });
  }

  private countWaiting(nowMs: number): void {
    for (const time of this.times) {
      if (time.isBlocked) time.backPressuredTimeMs += nowMs - this.lastSliceEndMs;
    }
  }
}

interface SubtaskTimes {
  busyTimeMs: number;
  backPressuredTimeMs: number;
  /** At the end of the last slice. */
  isBlocked: boolean;
}

/** How long a slice may hold the thread: well below what a barrier or a heartbeat can wait. */
const sliceMs = 2;
/** Rounds in a slice, for a clock that stands still (the simulation's). */
const roundsPerSliceMax = 64;
/** About ten buffers' worth of 1 KB events: enough to make a step's overhead vanish, short enough to share the thread. */
export const defaultRecordsPerStepMax = 256;

export interface TaskExecutorOptions {
  readonly clock: Clock;
  readonly eventLoop: EventLoop;
  /** The upper bound on how long a record waits in an open buffer. */
  readonly bufferTimeoutMs: number;
  /** Records that a subtask processes before the next one has its turn. */
  readonly recordsPerStepMax: number;
  /** A subtask threw: the attempt has failed. No further slice runs. */
  readonly onError: (error: unknown) => void;
}
