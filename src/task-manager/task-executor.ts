import type { Clock } from '../host/clock.js';
import type { EventLoop } from '../host/event-loop.js';
import type { Subtask } from './subtask.js';

/**
 * Gives a slot's subtasks their turns on its one thread (Flink's mailbox). Invariant: between two slices
 * the thread is free, so that messages (triggers, credits, records of other threads) and timers get in; a
 * subtask that is blocked never keeps another of the thread from working, or a full exchange could deadlock.
 */
export class TaskExecutor {
  private readonly options: TaskExecutorOptions;
  private readonly subtasks: readonly Subtask[];
  private readonly times: { busyTimeMs: number; backPressuredTimeMs: number }[];
  private isScheduled = false;
  private isStopped = false;
  private lastFlushMs = 0;
  private lastSliceEndMs: number;

  /** Downstream subtasks come first in `subtasks`: what is in flight is worked off before more is taken in. */
  constructor(subtasks: readonly Subtask[], options: TaskExecutorOptions) {
    this.options = options;
    this.subtasks = subtasks;
    this.times = subtasks.map(() => ({ busyTimeMs: 0, backPressuredTimeMs: 0 }));
    this.lastSliceEndMs = options.clock.monotonicMs();
  }

  /** Asks for a slice; many calls before it give one. */
  wake(): void {
    if (this.isScheduled || this.isStopped) return;
    this.isScheduled = true;
    this.options.eventLoop.nextTurn(() => this.runSlice());
  }

  stop(): void {
    this.isStopped = true;
  }

  timesOf(index: number): { readonly busyTimeMs: number; readonly backPressuredTimeMs: number } {
    return this.times[index] ?? { busyTimeMs: 0, backPressuredTimeMs: 0 };
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
      const beforeMs = this.options.clock.monotonicMs();
      const result = subtask.step(recordsPerStepMax);
      const time = this.times[index];
      if (time !== undefined) time.busyTimeMs += this.options.clock.monotonicMs() - beforeMs;
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

  private countWaiting(nowMs: number): void {
    for (let index = 0; index < this.subtasks.length; index += 1) {
      const time = this.times[index];
      if (time !== undefined && this.subtasks[index]?.isBackPressured) {
        time.backPressuredTimeMs += nowMs - this.lastSliceEndMs;
      }
    }
  }
}

/** How long a slice may hold the thread: well below what a barrier or a heartbeat can wait. */
const sliceMs = 2;
/** Rounds in a slice, for a clock that stands still (the simulation's). */
const roundsPerSliceMax = 64;
/** About ten buffers' worth of 1 KB events: enough to make a step's overhead vanish, short enough to share the thread. */
const recordsPerStepMax = 256;

export interface TaskExecutorOptions {
  readonly clock: Clock;
  readonly eventLoop: EventLoop;
  /** The upper bound on how long a record waits in an open buffer. */
  readonly bufferTimeoutMs: number;
  /** A subtask threw: the attempt has failed. No further slice runs. */
  readonly onError: (error: unknown) => void;
}
