import type { Failure } from '../protocol/failures.js';
import type { ExecutionAttempt, SlotIndex } from '../protocol/ids.js';
import type { FromTaskManager, ToTaskManager } from '../protocol/messages.js';

/**
 * Starts the TaskManagers of an attempt and ends them. The JobManager knows nothing of threads beyond this
 * port; the simulation runs TaskManagers in its own thread behind it.
 */
export interface TaskManagerLauncher {
  /**
   * Starts threads ahead of the `launch` that will use them, so that they are up and have loaded their code by
   * then. They touch neither state nor log before; another attempt's may still be ending. Repeating it changes
   * nothing.
   */
  prepare(parallelism: number): void;
  /** Ends what was prepared and never launched. */
  endPrepared(): Promise<void>;
  launch(request: LaunchRequest): LaunchedTaskManagers;
}

export interface LaunchRequest {
  readonly attempt: ExecutionAttempt;
  readonly parallelism: number;
  readonly maxParallelism: number;
  /** The channels of the execution plan that cross threads; the launcher connects their ends. */
  readonly channels: readonly ThreadChannel[];
  readonly onMessage: (slot: SlotIndex, message: FromTaskManager) => void;
  /** A TaskManager ended though nobody ended it: it threw, exited, or ran out of memory. */
  readonly onExit: (slot: SlotIndex, failure: Failure) => void;
}

export interface ThreadChannel {
  /** Its number in the execution plan. */
  readonly index: number;
  readonly fromSlot: SlotIndex;
  readonly toSlot: SlotIndex;
}

export interface LaunchedTaskManagers {
  send(slot: SlotIndex, message: ToTaskManager): void;
  /**
   * Ends every TaskManager of the attempt, whatever it is doing; resolves when each is really gone, so that
   * none can write to state or log while the next attempt recovers. May never resolve when a thread hangs in
   * native code: the caller bounds its wait and ends the process.
   */
  terminate(): Promise<void>;
}
