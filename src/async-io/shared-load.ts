/**
 * One look-up that several requests wait for. Invariant: it is aborted when the last of them has given up,
 * and not before; the first that asked has no more say than the others.
 */
export class SharedLoad<V> {
  private readonly controller = new AbortController();
  private readonly result: Promise<V>;
  private readonly onEnd: () => void;
  private waiting = 0;

  /** `onEnd` is called once nobody can join any more: it has settled, or was aborted. */
  constructor(load: (signal: AbortSignal) => Promise<V>, onEnd: () => void) {
    this.onEnd = onEnd;
    this.result = beginLoad(load, this.controller.signal).finally(onEnd);
    // When all have given up, nobody handles what it ends with.
    this.result.catch(() => {});
  }

  /** Waits for the value, but no longer than until `signal` is aborted. */
  join(signal: AbortSignal | undefined): Promise<V> {
    this.waiting += 1;
    if (signal === undefined) return this.result;
    return new Promise<V>((resolve, reject) => {
      const giveUp = (): void => {
        this.leave(signal);
        reject(signal.reason);
      };
      signal.addEventListener('abort', giveUp, { once: true });
      const settled = (): void => signal.removeEventListener('abort', giveUp);
      this.result.then(
        (value) => {
          settled();
          resolve(value);
        },
        (error: unknown) => {
          settled();
          reject(error);
        },
      );
    });
  }

  private leave(signal: AbortSignal): void {
    this.waiting -= 1;
    if (this.waiting > 0) return;
    this.onEnd();
    this.controller.abort(signal.reason);
  }
}

/** A look-up that throws is one that rejects. */
async function beginLoad<V>(load: (signal: AbortSignal) => Promise<V>, signal: AbortSignal): Promise<V> {
  return load(signal);
}
