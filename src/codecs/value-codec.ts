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
  /**
   * Finds a string field of encoded values without decoding them; undefined where this codec or this name allows none.
   * With it, values can be sent on by that field as the bytes they are.
   */
  stringFinder?(name: string): FieldFinder<string> | undefined;
  /** The same for a field that holds whole numbers, as times are. */
  integerFinder?(name: string): FieldFinder<number> | undefined;
}

/** Finds a field in encoded values. Both calls are for the same value, in this order. */
export interface FieldFinder<T> {
  /** What `decode` would give in the field, if it can decode the value at all; undefined where that is not certain. */
  find(bytes: Buffer, start: number, end: number): T | undefined;
  /** Whether what `find` found is certain to be the only field of its name; asked apart, since it takes longer. */
  isLastOfItsName(bytes: Buffer, end: number): boolean;
}

/** The element type of a codec. */
export type CodecValue<C> = C extends ValueCodec<infer T> ? T : never;
