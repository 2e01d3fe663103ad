import type { OutputAvailability } from '../exchange/output-availability.js';
import type { LogRecord } from '../log/log-port.js';
import { MillraceError } from '../protocol/failures.js';
import { recordBytes } from './record-bytes.js';

/**
 * A sink's one blocker of its subtask. Invariant: it blocks and unblocks strictly in turn, however often the
 * writer finds itself full or not. While it holds, what is written all the same is bounded: a synchronous
 * function can't be stopped in the middle of a call, only be told that it emits without bound.
 */
export class BackpressureHold {
  private readonly availability: OutputAvailability;
  private readonly operatorName: string;
  private isHeld = false;
  private overdraftBytes = 0;

  constructor(availability: OutputAvailability, operatorName: string) {
    this.availability = availability;
    this.operatorName = operatorName;
  }

  /** After each record; `isWritable` is the log's answer. @throws MillraceError past the overdraft. */
  afterWrite(isWritable: boolean, record: LogRecord): void {
    this.afterBytes(isWritable, this.isHeld ? recordBytes(record) : 0);
  }

  /** As `afterWrite`, of a sink that is not on the log. */
  afterBytes(isWritable: boolean, bytes: number): void {
    if (this.isHeld) {
      this.overdraftBytes += bytes;
      if (this.overdraftBytes > overdraftBytesMax) throw this.overdrawn();
    } else if (!isWritable) {
      this.isHeld = true;
      this.availability.block();
    }
  }

  /** When something may have changed outside of a write. */
  update(isWritable: boolean): void {
    if (this.isHeld === !isWritable) return;
    this.isHeld = !isWritable;
    this.overdraftBytes = 0;
    if (isWritable) this.availability.unblock();
    else this.availability.block();
  }

  private overdrawn(): MillraceError {
    return new MillraceError(
      `A function before sink "${this.operatorName}" emitted more than ${overdraftBytesMax / 1024 / 1024} MB in one call while the sink took no more. Return an iterable from flatMap instead of collecting: it is suspended until there is room.`,
      { domain: 'user-code', action: 'fail-job' },
    );
  }
}

/** Far beyond what one element's results should be, and still bearable in memory. */
const overdraftBytesMax = 64 * 1024 * 1024;
