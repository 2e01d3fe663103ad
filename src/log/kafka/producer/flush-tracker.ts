/**
 * Knows when everything appended before a flush is acknowledged, while appending goes on: records are
 * counted by the epoch they were appended in, and each flush begins a new epoch.
 */
export class FlushTracker {
  private current = 0;
  /** Records not acknowledged, by epoch; only epochs that have some, in ascending order. */
  private readonly pending = new Map<number, number>();
  private readonly waiters: {
    readonly epoch: number;
    readonly resolve: () => void;
    readonly reject: (e: Error) => void;
  }[] = [];
  private failure: Error | undefined;

  /** The epoch that a record appended now belongs to. */
  get epoch(): number {
    return this.current;
  }

  appended(): void {
    this.pending.set(this.current, (this.pending.get(this.current) ?? 0) + 1);
  }

  acknowledged(epoch: number, records: number): void {
    const rest = (this.pending.get(epoch) ?? 0) - records;
    if (rest > 0) this.pending.set(epoch, rest);
    else {
      this.pending.delete(epoch);
      this.settle();
    }
  }

  /** Everything appended so far, acknowledged; what is appended from now on is of the next epoch. */
  flush(): Promise<void> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    const epoch = this.current++;
    return new Promise((resolve, reject) => {
      this.waiters.push({ epoch, resolve, reject });
      this.settle();
    });
  }

  /** Nothing will be acknowledged any more. */
  fail(error: Error): void {
    this.failure ??= error;
    for (const waiter of this.waiters.splice(0)) waiter.reject(this.failure);
  }

  private settle(): void {
    const [oldest] = this.pending.keys();
    const isSettled = (epoch: number): boolean => oldest === undefined || oldest > epoch;
    while (this.waiters[0] !== undefined && isSettled(this.waiters[0].epoch)) this.waiters.shift()?.resolve();
  }
}
