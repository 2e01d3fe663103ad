import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fetchRequest } from '../../../src/log/kafka/protocol/fetch.js';
import { initProducerIdRequest } from '../../../src/log/kafka/protocol/init-producer-id.js';
import { produceRequest } from '../../../src/log/kafka/protocol/produce.js';
import { WireReader } from '../../../src/log/kafka/protocol/wire-reader.js';
import { WireWriter } from '../../../src/log/kafka/protocol/wire-writer.js';

describe("the protocol's types", () => {
  it('are read as they were written', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        fc.integer(),
        fc.array(fc.option(fc.string({ unit: 'binary', maxLength: 20 }), { nil: null }), { maxLength: 5 }),
        (long, int, strings) => {
          const writer = new WireWriter(1).int64(long).int32(int).boolean(true);
          const bytes = writer.array(strings, (text) => writer.nullableString(text)).finish();
          const reader = new WireReader(bytes);
          expect([reader.int64(), reader.int32(), reader.boolean()]).toEqual([long, int, true]);
          expect(reader.array(() => reader.nullableString())).toEqual(strings);
        },
      ),
    );
  });

  it('are not read past the end of an answer', () => {
    expect(() => new WireReader(Buffer.from([0, 5, 1])).string()).toThrow(RangeError);
    expect(() => new WireReader(Buffer.from([0, 0])).int32()).toThrow(RangeError);
  });
});

describe('InitProducerId 3', () => {
  it('names no identity that it expects, in the flexible format', () => {
    const bytes = Buffer.concat(initProducerIdRequest('tx', 60_000).encode());
    expect(bytes.toString('hex')).toBe(`03${'7478'}${'0000ea60'}${'ffffffffffffffff'}${'ffff'}${'00'}`);
    const plain = Buffer.concat(initProducerIdRequest(null, 1).encode());
    expect(plain.toString('hex')).toBe(`00${'00000001'}${'ffffffffffffffff'}${'ffff'}${'00'}`);
  });
});

describe('Fetch 11', () => {
  const request = fetchRequest([{ topic: 't', partition: 2, position: 10, maxBytes: 100 }], {
    minBytes: 1,
    maxWaitMs: 50,
    maxBytes: 1000,
    isolation: 'read_committed',
  });

  it('asks for committed data from a position, without a session', () => {
    expect(Buffer.concat(request.encode()).toString('hex')).toBe(
      'ffffffff' + // No replica.
        '00000032' + // Max wait.
        '00000001' + // Min bytes.
        '000003e8' + // Max bytes.
        '01' + // Read committed.
        '00000000ffffffff' + // No session.
        '00000001000174' + // One topic, "t".
        '0000000100000002' + // One partition, 2.
        'ffffffff' + // No leader epoch.
        '000000000000000a' + // Position.
        'ffffffffffffffff' + // No log start offset.
        '00000064' + // Partition's max bytes.
        '00000000' + // No forgotten topics.
        '0000', // No rack.
    );
  });

  it('is answered with the aborted transactions beside the records', () => {
    const body = new WireWriter().int32(0).int16(0).int32(0).int32(1).string('t').int32(1);
    body.int32(2).int16(0).int64(30).int64(25).int64(3);
    body.int32(1).int64(77).int64(12);
    body.int32(-1).int32(4).int32(0x01020304);
    expect(request.decode(new WireReader(body.finish()))).toEqual([
      {
        topic: 't',
        partition: 2,
        errorCode: 0,
        highWatermark: 30,
        lastStableOffset: 25,
        logStartOffset: 3,
        abortedTransactions: [{ producerId: 77, firstOffset: 12 }],
        records: Buffer.from([1, 2, 3, 4]),
      },
    ]);
  });
});

describe('Produce 7', () => {
  it('hands the batches on as they are, grouped by topic', () => {
    const batches = [Buffer.from('batch-1'), Buffer.from('batch-2'), Buffer.from('batch-3')] as const;
    const request = produceRequest(
      [
        { topic: 'a', partition: 0, batch: batches[0] },
        { topic: 'b', partition: 1, batch: batches[1] },
        { topic: 'a', partition: 3, batch: batches[2] },
      ],
      { transactionalId: null, ackTimeoutMs: 1000 },
    );
    const pieces = request.encode();
    expect(batches.every((batch) => pieces.includes(batch))).toBe(true);
    const reader = new WireReader(Buffer.concat(pieces));
    expect([reader.nullableString(), reader.int16(), reader.int32()]).toEqual([null, -1, 1000]);
    const topics = reader.array(() => ({
      topic: reader.string(),
      partitions: reader.array(() => [reader.int32(), reader.byteField().toString()]),
    }));
    expect(topics).toEqual([
      {
        topic: 'a',
        partitions: [
          [0, 'batch-1'],
          [3, 'batch-3'],
        ],
      },
      { topic: 'b', partitions: [[1, 'batch-2']] },
    ]);
  });
});
