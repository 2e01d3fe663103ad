import { MillraceError } from '../protocol/failures.js';
import { assertPlain } from '../protocol/plain-value.js';
import type { StreamEvent } from '../protocol/stream-elements.js';
import type { OutputChannel } from './channel.js';
import type { EncodedRecordRelay } from './encoded-record-relay.js';
import { allChannels, type RecordRouter } from './record-router.js';

/**
 * So many records of each edge are checked for what can't be exchanged. A channel within a thread would
 * carry a class instance to some keys, while others get an error; so both find it, and at the start.
 */
const plainCheckRecords = 100;

/** One subtask's end of one edge: its channels, and the router that picks among them. */
export class RecordWriter {
  /** Undefined where every record is to be decoded before it is emitted. */
  readonly relay: EncodedRecordRelay | undefined;
  private readonly channels: readonly OutputChannel[];
  private readonly router: RecordRouter;
  /** For errors: the operator that writes. */
  private readonly operatorName: string;
  private recordsToCheck = plainCheckRecords;

  /** @param relay for an edge whose records may go on as their source read them. */
  constructor(
    channels: readonly OutputChannel[],
    router: RecordRouter,
    operatorName: string,
    relay?: EncodedRecordRelay,
  ) {
    this.relay = relay;
    this.channels = channels;
    this.router = router;
    this.operatorName = operatorName;
  }

  /** @throws MillraceError for a value that is not plain, a key that is none, or too long an overdraft. */
  emit(value: unknown, timestamp: number): void {
    if (this.recordsToCheck > 0) this.checkPlain(value);
    const channel = this.route(value);
    if (channel !== allChannels) this.channels[channel]!.writeRecord(value, timestamp);
    else for (const each of this.channels) each.writeRecord(value, timestamp);
  }

  /** Every channel gets every event: its receiver takes part in all checkpoints and in the watermark. */
  broadcastEvent(event: StreamEvent): void {
    for (const channel of this.channels) channel.writeEvent(event);
  }

  /** Called when the task has run out of input, and after the buffer time-out. */
  flush(): void {
    for (const channel of this.channels) channel.flush();
  }

  get bytesOut(): number {
    let total = 0;
    for (const channel of this.channels) total += channel.bytesOut;
    return total;
  }

  close(): void {
    for (const channel of this.channels) channel.close();
  }

  private route(value: unknown): number {
    try {
      return this.router.route(value);
    } catch (error) {
      // The user's key selector or partitioner: only here is it known whose record it was given.
      const reason = error instanceof Error ? error.message : String(error);
      throw new MillraceError(
        `A record of operator "${this.operatorName}" can't be given a channel. ${reason}`,
        {
          domain: 'user-code',
          action: error instanceof MillraceError ? error.action : 'restart',
          cause: error,
        },
      );
    }
  }

  private checkPlain(value: unknown): void {
    this.recordsToCheck -= 1;
    assertPlain(value, `A record of operator "${this.operatorName}"`);
  }
}
