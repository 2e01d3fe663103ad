import type { LogAppender, LogClient } from './log-port.js';

/** An appender together with the wait for room in it. */
export class WritableGate {
  readonly appender: LogAppender;
  private failure: Error | undefined;
  private wake: () => void = () => undefined;

  constructor(log: LogClient) {
    this.appender = log.openAppender({
      bufferBytes: appenderBufferBytes,
      onWritable: () => this.wake(),
      onError: (error) => {
        this.failure = error;
        this.wake();
      },
    });
  }

  async writable(): Promise<void> {
    while (!this.appender.isWritable && this.failure === undefined) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
    this.assertHealthy();
  }

  assertHealthy(): void {
    if (this.failure !== undefined) throw this.failure;
  }
}

/** Unacknowledged bytes: keeps a few requests on their way without growing the heap. */
const appenderBufferBytes = 8 * 1024 * 1024;
