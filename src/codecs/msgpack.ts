import { Packr } from 'msgpackr';
import type { ValueCodec } from './value-codec.js';

/**
 * MessagePack, as any implementation of it reads and writes: objects as maps, Dates as timestamps, bytes as
 * binary. Whole numbers beyond 32 bits come back as numbers where they are exact, else as bigints. Bytes
 * behind a value are refused, since they mean that the record is something else.
 */
export function msgpack<T>(): ValueCodec<T> {
  return new MsgpackCodec<T>();
}

class MsgpackCodec<T> implements ValueCodec<T> {
  // Records (msgpackr's own shape table) would save names, but nobody else could read them. Its types don't know
  // 'auto' yet, which its documentation has: numbers where they are exact, bigints beyond.
  private readonly packr = new Packr({
    useRecords: false,
    variableMapSize: true,
    int64AsType: 'auto' as 'number',
  });

  decode(bytes: Buffer, start: number, end: number): T {
    // Copied: msgpackr gives binary values as views, and the batch is only lent.
    return this.packr.unpack(Uint8Array.prototype.slice.call(bytes, start, end)) as T;
  }

  encode(value: T): Uint8Array {
    return this.packr.pack(value);
  }
}
