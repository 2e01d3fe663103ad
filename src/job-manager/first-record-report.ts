import type { Logger } from '../host/logger.js';
import type { ExecutionAttempt } from '../protocol/ids.js';

/** Tells how soon work goes on: after the process started, and after each failure. All times are epoch ms. */
export class FirstRecordReport {
  private readonly logger: Logger;
  private readonly processStartedAtMs: number | undefined;
  private failedAtMs: number | undefined;
  private hasProcessedRecord = false;

  /** `processStartedAtMs` undefined: the start of the process is of no interest. */
  constructor(logger: Logger, processStartedAtMs: number | undefined) {
    this.logger = logger;
    this.processStartedAtMs = processStartedAtMs;
  }

  attemptFailed(atMs: number): void {
    this.failedAtMs = atMs;
  }

  recordProcessed(attempt: ExecutionAttempt, atMs: number): void {
    if (!this.hasProcessedRecord && this.processStartedAtMs !== undefined) {
      const afterMs = Math.round(atMs - this.processStartedAtMs);
      this.logger.info(`First record processed ${afterMs} ms after the process started.`);
    }
    this.hasProcessedRecord = true;
    if (this.failedAtMs === undefined) return;
    const afterMs = Math.round(atMs - this.failedAtMs);
    this.failedAtMs = undefined;
    this.logger.info(`Attempt ${attempt} processed its first record ${afterMs} ms after the failure.`);
  }
}
