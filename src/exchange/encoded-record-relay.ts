import type { FieldFinder } from '../codecs/value-codec.js';
import type { OutputChannel } from './channel.js';
import type { EncodedRecord } from './encoded-record.js';
import type { KeyRouter } from './record-router.js';

/**
 * Sends a source's records on by a field of theirs without decoding them, where they leave the thread. Invariant:
 * a record takes the channel that its key takes once it is decoded; else its key would have state in two places.
 */
export class EncodedRecordRelay {
  private readonly key: FieldFinder;
  private readonly router: KeyRouter;
  private readonly channels: readonly OutputChannel[];

  constructor(key: FieldFinder, router: KeyRouter, channels: readonly OutputChannel[]) {
    this.key = key;
    this.router = router;
    this.channels = channels;
  }

  /** False: nothing was done, and the record is to be decoded here. */
  offer(record: EncodedRecord, timestamp: number): boolean {
    const { bytes, valueStart, valueEnd } = record;
    if (valueStart < 0) return false;
    const key = this.key.find(bytes, valueStart, valueEnd);
    if (key === undefined) return false;
    const channel = this.channels[this.router.channelOf(key)]!;
    if (channel.writeEncodedRecord === undefined || !this.key.isLastOfItsName(bytes, valueEnd)) return false;
    channel.writeEncodedRecord(record, timestamp);
    return true;
  }
}
