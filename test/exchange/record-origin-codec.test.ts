import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BufferReader, BufferWriter } from '../../src/exchange/buffer-codec.js';
import { ElementKind } from '../../src/exchange/channel.js';
import { CurrentOrigin, noOrigin, type RecordOrigin } from '../../src/exchange/record-origin.js';

interface Written {
  readonly origin: RecordOrigin;
  readonly value: unknown;
  readonly timestamp: number;
}

const splits = [
  'topic t, partition 0, offset',
  'topic t, partition 1, offset',
  'file /größe/日本.jsonl, byte',
];

/** As a source emits: mostly a little further in the same split, now and then somewhere else. */
const origins = fc
  .array(
    fc.oneof(
      { weight: 8, arbitrary: fc.integer({ min: 0, max: 260 }).map((step) => ({ step })) },
      {
        weight: 2,
        arbitrary: fc.record({
          split: fc.constantFrom(...splits),
          position: fc.oneof(fc.nat(1000), fc.maxSafeNat()),
        }),
      },
      { weight: 1, arbitrary: fc.constant(noOrigin) },
    ),
    { maxLength: 80 },
  )
  .map((moves) => {
    let at: RecordOrigin = noOrigin;
    return moves.map((move) => {
      if ('split' in move) at = move;
      else if (at.split !== '') at = { ...at, position: Math.min(at.position + move.step, 2 ** 53 - 1) };
      return at;
    });
  });

const written = origins.chain((all) =>
  fc.tuple(
    ...all.map((origin) =>
      fc.record({
        origin: fc.constant(origin),
        value: fc.oneof(
          { weight: 9, arbitrary: fc.jsonValue() },
          { weight: 1, arbitrary: fc.constant('x'.repeat(3_000)) },
        ),
        timestamp: fc.oneof(fc.integer(), fc.double()),
      }),
    ),
  ),
);

function pack(records: readonly Written[], bytesTarget: number): ArrayBuffer[] {
  const origin = new CurrentOrigin();
  const writer = new BufferWriter('A record', origin, bytesTarget);
  const buffers: ArrayBuffer[] = [];
  for (const [index, record] of records.entries()) {
    origin.copy(record.origin);
    writer.writeRecord(record.value, record.timestamp);
    origin.clear();
    if (index % 5 === 0) writer.writeEvent({ kind: 'watermark', timestamp: index });
    if (writer.isFull) buffers.push(writer.take());
  }
  buffers.push(writer.take());
  return buffers;
}

/** Of each buffer, the origins of its records. */
function unpack(buffers: readonly ArrayBuffer[], reader = new BufferReader()): RecordOrigin[][] {
  return buffers.map((buffer) => {
    const read: RecordOrigin[] = [];
    reader.begin(buffer);
    for (let kind = reader.next(); kind !== ElementKind.exhausted; kind = reader.next()) {
      const { split, position } = reader.origin;
      if (kind === ElementKind.record) read.push({ split, position });
    }
    return read;
  });
}

describe('Where records come from', () => {
  it('is found again for each of them, however they lie in buffers', () => {
    fc.assert(
      fc.property(written, fc.integer({ min: 30, max: 2_000 }), (records, bytesTarget) => {
        const read = unpack(pack(records, bytesTarget)).flat();
        expect(read).toEqual(
          records.map(({ origin }) => ({ split: origin.split, position: origin.position })),
        );
      }),
      { numRuns: 400 },
    );
  });

  it('is found in each buffer without the others', () => {
    fc.assert(
      fc.property(written, (records) => {
        const buffers = pack(records, 200);
        const alone = buffers.toReversed().map((buffer) => unpack([buffer])[0]);
        expect(alone.toReversed()).toEqual(unpack(buffers));
      }),
      { numRuns: 100 },
    );
  });

  it('costs a record nothing where it is the one before it, and one byte a little further in the same split', () => {
    const [split] = splits as [string];
    const bytesOf = (...positions: number[]): number => {
      const records = positions.map((position) => ({ origin: { split, position }, value: 1, timestamp: 5 }));
      return pack(records, 1 << 20)[0]!.byteLength;
    };
    const first = bytesOf(7);
    expect(bytesOf(7, 7) - first).toBe(2);
    expect(bytesOf(7, 7 + 255) - first).toBe(3);
    expect(bytesOf(7, 7 + 256) - first).toBe(2 + 4 + 8);
  });

  it('is told of more splits than a byte can count', () => {
    const records = Array.from({ length: 2_000 }, (_, index) => ({
      origin: { split: `topic t, partition ${index % 700}, offset`, position: index },
      value: index,
      timestamp: 5,
    }));
    expect(unpack(pack(records, 1 << 20))[0]).toEqual(records.map(({ origin }) => origin));
  });
});
