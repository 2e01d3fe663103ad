import type { CancelTimer, Clock } from '../../host/clock.js';
import { LogError } from '../log-port.js';

/** Waiting that ends with its owner: closed, every wait is rejected and no timer is left. */
export class Pauses {
  private readonly clock: Clock;
  private readonly waits = new Set<{
    readonly cancel: CancelTimer;
    readonly reject: (error: Error) => void;
  }>();
  private isClosed = false;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** @throws LogError once closed. */
  pause(delayMs: number): Promise<void> {
    if (this.isClosed) return Promise.reject(closedError());
    return new Promise((resolve, reject) => {
      const cancel = this.clock.setTimer(delayMs, () => {
        this.waits.delete(wait);
        resolve();
      });
      const wait = { cancel, reject };
      this.waits.add(wait);
    });
  }

  close(): void {
    this.isClosed = true;
    for (const { cancel, reject } of this.waits) {
      cancel();
      reject(closedError());
    }
    this.waits.clear();
  }
}

function closedError(): LogError {
  return new LogError('internal', 'The Kafka client was closed while a request waited to be tried again.');
}
