import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameAssembler } from '../../../src/log/kafka/transport/frame-assembler.js';

function frameOf(payload: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(payload.length);
  return Buffer.concat([length, payload]);
}

/** Gives the bytes as a socket would: as many as it likes of what there is room for. */
function receive(assembler: FrameAssembler, bytes: Buffer, sizes: readonly number[]): void {
  let turn = 0;
  for (let at = 0; at < bytes.length; ) {
    const room = assembler.nextBuffer();
    expect(room.length).toBeGreaterThan(0);
    const size = Math.min(sizes[turn++ % sizes.length] ?? 1, room.length, bytes.length - at);
    room.set(bytes.subarray(at, at + size));
    assembler.received(size);
    at += size;
  }
}

/** Many small ones, and some that are larger than what is read at a time. */
const payload = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.integer({ min: 60_000, max: 200_000 }).map((length) => new Uint8Array(length).fill(length % 251)),
);

describe('The frames of a socket', () => {
  it('are those that were sent, however the bytes arrive', () => {
    fc.assert(
      fc.property(
        fc.array(payload, { maxLength: 12 }),
        fc.array(fc.integer({ min: 1, max: 100_000 }), { minLength: 1, maxLength: 6 }),
        (payloads, sizes) => {
          const frames = payloads.map(frameOf);
          const received: Buffer[] = [];
          const assembler = new FrameAssembler((frame) => received.push(frame));
          // A single byte at a time is slow, so it is kept to what is short.
          const bytes = Buffer.concat(frames);
          receive(assembler, bytes, bytes.length > 10_000 ? sizes.map((size) => size + 500) : sizes);
          expect(received.map((frame) => frame.length)).toEqual(frames.map((frame) => frame.length));
          expect(Buffer.concat(received).equals(bytes)).toBe(true);
        },
      ),
    );
  });

  it('keep their bytes when later ones arrive', () => {
    const received: Buffer[] = [];
    const assembler = new FrameAssembler((frame) => received.push(frame));
    receive(assembler, frameOf(Buffer.from('first')), [3]);
    receive(assembler, frameOf(Buffer.from('other')), [100]);
    expect(received[0]?.toString('latin1', 4)).toBe('first');
  });

  it.each([['HTTP/1.1 400 Bad Request'], ['\x15\x03\x03\x00\x02\x02\x46'], ['\xff\xff\xff\xfe']])(
    'that are none of Kafka’s are refused, not waited for: %j',
    (answer) => {
      const assembler = new FrameAssembler(() => {});
      expect(() => receive(assembler, Buffer.from(answer, 'latin1'), [100])).toThrow(/none of Kafka's/);
    },
  );
});
