/** Promises that resolve once a count of acknowledgements is reached; they come in the order of sending. */
export class AckWaiters {
  private acked = 0;
  private readonly waiters: { readonly count: number; resolve(): void; reject(error: Error): void }[] = [];

  add(count: number): void {
    this.acked += count;
    while (this.waiters.length > 0 && (this.waiters[0]?.count ?? 0) <= this.acked)
      this.waiters.shift()?.resolve();
  }

  waitFor(count: number): Promise<void> {
    if (count <= this.acked) return Promise.resolve();
    return new Promise((resolve, reject) => this.waiters.push({ count, resolve, reject }));
  }

  reject(error: Error): void {
    for (const waiter of this.waiters.splice(0)) waiter.reject(error);
  }
}
