import type { RecordOrigin } from './record-origin.js';

/**
 * A record of a source as it was read: encoded. It can cross threads like this, and its receiver decodes it, which
 * spares decoding, packing and unpacking it on the way. Invariant: nobody can tell such a record from one that its
 * source decoded, not even when it can't be decoded.
 */
export interface EncodedRecord {
  readonly bytes: Buffer;
  /** Start and end of the value in `bytes`; start -1 for a null. */
  readonly valueStart: number;
  readonly valueEnd: number;
}

/** What the receiver of an edge decodes such records with. */
export interface EncodedRecordDecoder {
  /** @throws MillraceError that says where the record was read and why it can't be decoded. */
  decode(record: EncodedRecord, origin: RecordOrigin): unknown;
}
