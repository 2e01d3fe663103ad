/** Turns a record's key or value into an element and back. One instance serves all records of a thread. */
export interface ValueCodec<T> {
  /**
   * Decodes the range [start, end) of a fetched batch. The bytes are only lent: what is returned must not
   * refer to them.
   * @throws when the range is no encoding of a T; the source adds where the record is.
   */
  decode(bytes: Buffer, start: number, end: number): T;
  /** Decodes a null (a tombstone). A codec without it refuses nulls. */
  decodeNull?(): T;
  /**
   * Encodes a value; null is a tombstone. The caller copies the bytes before it calls again.
   * @throws when the value has no encoding.
   */
  encode(value: T): Uint8Array | null;
}

/** The element type of a codec. */
export type CodecValue<C> = C extends ValueCodec<infer T> ? T : never;
