import type { Clock } from '../host/clock.js';
import { FileWriteError } from '../host/files.js';
import { waitWithin } from '../host/wait-within.js';
import { toFailure } from '../protocol/failures.js';
import type { JobEvent } from './job-events.js';

/** Runs the asynchronous steps that the job's transitions ask for, one at a time, and tells what came of each. */
export class RecoverySteps {
  private readonly clock: Clock;
  private readonly tell: (event: JobEvent) => void;
  private underWay: Promise<void> = Promise.resolve();

  constructor(clock: Clock, tell: (event: JobEvent) => void) {
    this.clock = clock;
    this.tell = tell;
  }

  run(action: () => Promise<JobEvent>): void {
    this.underWay = action().then(this.tell, (error: unknown) => this.tell(stepFailed(error)));
  }

  /**
   * Waits, within bounds, for a step that is under way when the job is cancelled: whoever takes the state
   * folder next must not find it being written.
   */
  async end(): Promise<void> {
    await waitWithin(this.clock, stepEndTimeoutMs, this.underWay);
  }
}

/** What is on disk is unknown after some failed writes: then nothing but reading it anew is safe. */
export function stepFailed(error: unknown): JobEvent {
  if (error instanceof FileWriteError && error.outcome === 'unknown') {
    return { kind: 'outcome-unknown', reason: error.message };
  }
  return { kind: 'step-failed', failure: toFailure(error, 'outside-system') };
}

/** A step that waits for a broker that is gone would keep the process for as long as it tries. */
const stepEndTimeoutMs = 5_000;
