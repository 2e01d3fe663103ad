/**
 * The timers of one operator subtask, ordered by time; nothing promises an order to those of one timestamp. They
 * are keyed state: a timer belongs to a key, is in the snapshot with it, and follows its key group. One timer per
 * (key, timestamp): registering it again changes nothing (Flink's InternalTimerService). A namespaced queue holds
 * one per (key, namespace, timestamp).
 */
export interface TimerQueue {
  /** For the backend's current key. A namespace is given in each call to a namespaced queue, and in none to another. */
  register(timestamp: number, namespace?: string): void;
  delete(timestamp: number, namespace?: string): void;
  /** The earliest registered timestamp, or +Infinity. */
  nextTimestamp(): number;
  /**
   * Removes the earliest timer at or before `upTo`, makes its key the backend's current key, and returns its
   * timestamp; undefined when there is none. One at a time, so that firing can be suspended between any two.
   */
  pollDue(upTo: number): number | undefined;
  /** Of the timer that `pollDue` gave last; undefined in a queue without namespaces. */
  readonly polledNamespace: string | undefined;
}
