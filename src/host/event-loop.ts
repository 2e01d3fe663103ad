/**
 * Lets other events (messages, timers, finished I/O) have their turn before `callback` runs. A task that
 * went on without it would not see barriers, credits or heartbeats.
 */
export interface EventLoop {
  nextTurn(callback: () => void): void;
}
