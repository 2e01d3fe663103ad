import type { FieldFinder } from '../codecs/value-codec.js';
import type { OutputChannel } from './channel.js';
import type { EncodedRecord } from './encoded-record.js';
import type { KeyRouter } from './record-router.js';

/**
 * Sends a source's records on by a field of theirs without decoding them, where they leave the thread. Invariant: a
 * record has the channel and the event time that it would have if it were decoded first; else its key would have
 * state in two places.
 */
export class EncodedRecordRelay {
  /** Sent so far. */
  numRecords = 0;
  /** The event time of the record sent last. */
  timestamp = 0;
  private readonly fields: RelayedFields;
  private readonly router: KeyRouter;
  private readonly channels: readonly OutputChannel[];

  constructor(fields: RelayedFields, router: KeyRouter, channels: readonly OutputChannel[]) {
    this.fields = fields;
    this.router = router;
    this.channels = channels;
  }

  /**
   * @param recordTimestamp the log record's own.
   * @returns false when nothing was done, and the record is to be decoded here.
   */
  offer(record: EncodedRecord, recordTimestamp: number): boolean {
    const { bytes, valueStart, valueEnd } = record;
    if (valueStart < 0) return false;
    const { key } = this.fields;
    const found = key.find(bytes, valueStart, valueEnd);
    if (found === undefined) return false;
    const channel = this.channels[this.router.channelOf(found)]!;
    if (channel.writeEncodedRecord === undefined || !key.isLastOfItsName(bytes, valueEnd)) return false;
    const timestamp = this.timestampOf(record, recordTimestamp);
    if (timestamp === undefined) return false;
    this.timestamp = timestamp;
    channel.writeEncodedRecord(record, timestamp);
    this.numRecords += 1;
    return true;
  }

  private timestampOf(record: EncodedRecord, recordTimestamp: number): number | undefined {
    const { timestamp } = this.fields;
    if (timestamp === undefined) return recordTimestamp;
    const { bytes, valueStart, valueEnd } = record;
    const found = timestamp.find(bytes, valueStart, valueEnd);
    return found !== undefined && timestamp.isLastOfItsName(bytes, valueEnd) ? found : undefined;
  }
}

/** What has to be known of a record before it is decoded. */
export interface RelayedFields {
  readonly key: FieldFinder<string>;
  /** Undefined where the log record's own timestamp counts. */
  readonly timestamp: FieldFinder<number> | undefined;
}
