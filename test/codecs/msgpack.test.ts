import { describe, expect, it } from 'vitest';
import { msgpack } from '../../src/codecs/msgpack.js';

function throughRecord<T>(value: T): T {
  const codec = msgpack<T>();
  const encoded = codec.encode(value);
  if (encoded === null) throw new Error('MessagePack has a text for everything.');
  // A record lies in the middle of a fetched batch.
  const batch = Buffer.concat([Buffer.from([0xc1, 0xc1]), encoded, Buffer.from([0xc1])]);
  return codec.decode(batch, 2, 2 + encoded.length);
}

describe('the MessagePack codec', () => {
  it('gives back what it was given', () => {
    const event = {
      id: 'évt',
      at: 1_704_067_200_000,
      ok: true,
      none: null,
      list: [1, -2, 3.5],
      deep: { a: {} },
    };
    expect(throughRecord(event)).toEqual(event);
  });

  it('writes objects as plain maps, which every other implementation reads', () => {
    expect(Buffer.from(msgpack().encode({ a: 1 }) ?? [])).toEqual(Buffer.from([0x81, 0xa1, 0x61, 0x01]));
  });

  it('gives bytes that do not refer to the batch they came from', () => {
    const codec = msgpack<{ bytes: Uint8Array }>();
    const encoded = Buffer.from(codec.encode({ bytes: Uint8Array.of(1, 2, 3) }) ?? []);
    const decoded = codec.decode(encoded, 0, encoded.length);
    encoded.fill(0);
    expect([...decoded.bytes]).toEqual([1, 2, 3]);
  });

  it('refuses a range that is cut off, and one that goes on behind its value', () => {
    const codec = msgpack<unknown>();
    const encoded = Buffer.from(codec.encode({ name: 'a longer text' }) ?? []);
    expect(() => codec.decode(encoded, 0, encoded.length - 3)).toThrow();
    expect(() => codec.decode(Buffer.concat([encoded, encoded]), 0, encoded.length * 2)).toThrow();
  });
});
