import { createRequire } from 'node:module';
import { gzipSync } from 'node:zlib';
import { crc32c } from '@node-rs/crc32';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LogError, type RecordHeader } from '../../../src/log/log-port.js';
import { RecordBatchCursor } from '../../../src/log/record-batch/record-batch-cursor.js';
import {
  anonymousProducer,
  RecordBatchEncoder,
  recordByteLengthMax,
} from '../../../src/log/record-batch/record-batch-encoder.js';
import { batchLayout, setBaseOffset } from '../../../src/log/record-batch/record-batch-layout.js';

interface PlainRecord {
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly timestamp: number;
  readonly headers: readonly RecordHeader[];
}

interface ReadRecord extends PlainRecord {
  readonly offset: number;
}

const text = (value: string): Uint8Array => new Uint8Array(Buffer.from(value));
const record = (value: string, key: string | null = null, timestamp = 1_700_000_000_000): PlainRecord => ({
  key: key === null ? null : text(key),
  value: text(value),
  timestamp,
  headers: [],
});

function encode(records: readonly PlainRecord[], baseOffset = 0): Buffer {
  const encoder = new RecordBatchEncoder(61);
  for (const r of records) encoder.append(r.key, r.value, r.timestamp, r.headers);
  return Buffer.from(encoder.finish({ ...anonymousProducer, baseOffset }));
}

const field = (bytes: Buffer, start: number, end: number): Uint8Array | null =>
  start < 0 ? null : new Uint8Array(bytes.subarray(start, end));

function readAll(cursor: RecordBatchCursor): ReadRecord[] {
  const records: ReadRecord[] = [];
  while (cursor.next()) {
    records.push({
      offset: cursor.offset,
      key: field(cursor.bytes, cursor.keyStart, cursor.keyEnd),
      value: field(cursor.bytes, cursor.valueStart, cursor.valueEnd),
      timestamp: cursor.timestamp,
      headers: cursor.headers().map((h) => ({ key: h.key, value: h.value && new Uint8Array(h.value) })),
    });
  }
  return records;
}

const cursorOver = (bytes: Buffer, position = 0, stopPosition?: number): RecordBatchCursor =>
  new RecordBatchCursor({ topic: 'clicks', partition: 3, bytes, position, stopPosition });

const valuesOf = (cursor: RecordBatchCursor): string[] =>
  readAll(cursor).map((r) => Buffer.from(r.value ?? []).toString());

const bytesArbitrary = fc.option(fc.uint8Array({ maxLength: 300 }), { nil: null });
const recordArbitrary: fc.Arbitrary<PlainRecord> = fc.record({
  key: bytesArbitrary,
  value: bytesArbitrary,
  timestamp: fc.integer({ min: 0, max: 8.64e15 / 4 }),
  headers: fc.array(fc.record({ key: fc.string({ unit: 'binary' }), value: bytesArbitrary }), {
    maxLength: 3,
  }),
});

describe('a record batch', () => {
  it('is read back as it was written, whatever its records', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(recordArbitrary, { minLength: 1, maxLength: 20 }), { maxLength: 4 }),
        fc.integer({ min: 0, max: 2 ** 52 }),
        (batches, firstOffset) => {
          let offset = firstOffset;
          const expected: ReadRecord[] = [];
          const encoded = batches.map((records) => {
            const batch = encode(records, offset);
            for (const r of records) expected.push({ offset: offset++, ...r });
            return batch;
          });
          const cursor = cursorOver(Buffer.concat(encoded), firstOffset);
          expect(cursor.positionAfter).toBe(offset);
          expect(readAll(cursor)).toEqual(expected);
        },
      ),
    );
  });

  it('has these bytes', () => {
    const encoder = new RecordBatchEncoder();
    encoder.append(text('k'), text('v1'), 1_700_000_000_000, [{ key: 'h', value: text('x') }]);
    encoder.append(null, null, 1_700_000_000_005);
    const batch = encoder.finish({
      producerId: '4003',
      producerEpoch: 7,
      baseSequence: 42,
      isTransactional: true,
      baseOffset: 0,
    });
    expect(batch.toString('hex')).toBe(goldenBatchHex);
  });

  it("equals the bytes of kafkajs's encoder", async () => {
    const require = createRequire(import.meta.url);
    const { RecordBatch } = require('kafkajs/src/protocol/recordBatch/v0') as {
      RecordBatch: (batch: object) => Promise<{ buffer: Buffer }>;
    };
    const KafkaRecord = require('kafkajs/src/protocol/recordBatch/record/v0') as (record: object) => unknown;
    const records = [
      record('one', 'a', 1000),
      record('zwei €', null, 1003),
      record('x'.repeat(5000), 'b', 1010),
    ];
    const theirs = await RecordBatch({
      firstTimestamp: 1000,
      maxTimestamp: 1010,
      lastOffsetDelta: 2,
      producerId: -1,
      producerEpoch: -1,
      firstSequence: -1,
      partitionLeaderEpoch: -1,
      records: records.map((r, i) =>
        KafkaRecord({
          offsetDelta: i,
          timestampDelta: r.timestamp - 1000,
          key: r.key && Buffer.from(r.key),
          value: r.value && Buffer.from(r.value),
        }),
      ),
    });
    expect(encode(records).toString('hex')).toBe(theirs.buffer.toString('hex'));
  });

  it('serves again after a reset', () => {
    const encoder = new RecordBatchEncoder();
    encoder.append(null, text('first'), 1);
    encoder.finish(anonymousProducer);
    encoder.reset();
    expect(encoder.recordCount).toBe(0);
    encoder.append(null, text('second'), 2);
    expect(valuesOf(cursorOver(encoder.finish(anonymousProducer)))).toEqual(['second']);
  });

  it('never grows by more than the announced bound for a record', () => {
    fc.assert(
      fc.property(fc.array(recordArbitrary, { minLength: 1, maxLength: 300 }), (records) => {
        const encoder = new RecordBatchEncoder();
        for (const r of records) {
          const before = encoder.byteLength;
          encoder.append(r.key, r.value, r.timestamp, r.headers);
          expect(encoder.byteLength - before).toBeLessThanOrEqual(
            recordByteLengthMax(r.key, r.value, r.headers),
          );
        }
      }),
    );
  });

  it('keeps its checksum when it is moved to another offset', () => {
    const batch = encode([record('a'), record('b')]);
    setBaseOffset(batch, 5_000_000_000);
    expect(readAll(cursorOver(batch)).map((r) => r.offset)).toEqual([5_000_000_000, 5_000_000_001]);
  });
});

describe('the cursor', () => {
  const twoBatches = (): Buffer =>
    Buffer.concat([
      encode([record('0'), record('1'), record('2')], 0),
      encode([record('3'), record('4')], 3),
    ]);

  it('begins in the middle of a batch', () => {
    expect(valuesOf(cursorOver(twoBatches(), 2))).toEqual(['2', '3', '4']);
    expect(valuesOf(cursorOver(twoBatches(), 3))).toEqual(['3', '4']);
  });

  it('ends before the stop position and leaves the position there', () => {
    const cursor = cursorOver(twoBatches(), 1, 4);
    expect(cursor.positionAfter).toBe(4);
    expect(valuesOf(cursor)).toEqual(['1', '2', '3']);
    expect(cursor.next()).toBe(false);
    expect(valuesOf(cursorOver(twoBatches(), 0, 3))).toEqual(['0', '1', '2']);
  });

  it('leaves out a batch that is cut off, at every length', () => {
    const bytes = twoBatches();
    const firstLength = encode([record('0'), record('1'), record('2')]).length;
    for (let length = firstLength; length < bytes.length; length++) {
      const cursor = cursorOver(bytes.subarray(0, length));
      expect(cursor.positionAfter).toBe(3);
      expect(valuesOf(cursor)).toEqual(['0', '1', '2']);
    }
    const cursor = cursorOver(bytes.subarray(0, firstLength - 1));
    expect(cursor.positionAfter).toBe(0);
    expect(cursor.next()).toBe(false);
  });

  it('passes over batches that compaction emptied, and over gaps', () => {
    const empty = encode([record('gone')], 10);
    empty.writeInt32BE(0, batchLayout.recordCount);
    empty.writeInt32BE(4, batchLayout.lastOffsetDelta);
    const header = Buffer.from(empty.subarray(0, batchLayout.records));
    header.writeInt32BE(batchLayout.records - 12, batchLayout.batchLength);
    header.writeUInt32BE(crc32c(header.subarray(batchLayout.attributes)), batchLayout.crc);
    const cursor = cursorOver(Buffer.concat([header, encode([record('20')], 20)]), 3);
    expect(cursor.positionAfter).toBe(21);
    expect(valuesOf(cursor)).toEqual(['20']);
    expect(cursorOver(header, 3).positionAfter).toBe(15);
  });

  it("reports any changed byte behind the checksum field, with the batch's place", () => {
    const bytes = encode([record('hello', 'key')], 77);
    fc.assert(
      fc.property(
        fc.integer({ min: batchLayout.crc, max: bytes.length - 1 }),
        fc.integer({ min: 1, max: 255 }),
        (at, flip) => {
          const damaged = Buffer.from(bytes);
          damaged[at] = (damaged[at] as number) ^ flip;
          // A changed delta may also move the position; only what next() says counts here.
          const read = (): boolean => cursorOver(damaged, 0).next();
          expect(read).toThrow(/clicks, partition 3: .*offset 77/);
          expect(read).toThrow(LogError);
        },
      ),
      // The sign of the last offset's delta: the batch would seem to lie before the position.
      { examples: [[batchLayout.lastOffsetDelta, 128]] },
    );
  });

  it('refuses a foreign format version', () => {
    const bytes = encode([record('x')]);
    bytes.writeInt8(1, batchLayout.magic);
    expect(() => cursorOver(bytes)).toThrow(/format version is 1/);
  });

  it('reads gzip beside plain batches, and says where it is broken', () => {
    const plain = encode([record('zip'), record('zap')], 5);
    const recompress = (codec: number, records: Buffer): Buffer => {
      const bytes = Buffer.concat([plain.subarray(0, batchLayout.records), records]);
      bytes.writeInt32BE(bytes.length - 12, batchLayout.batchLength);
      bytes.writeInt16BE(codec, batchLayout.attributes);
      bytes.writeUInt32BE(crc32c(bytes.subarray(batchLayout.attributes)), batchLayout.crc);
      return bytes;
    };
    const zipped = recompress(1, gzipSync(plain.subarray(batchLayout.records)));
    expect(valuesOf(cursorOver(Buffer.concat([zipped, encode([record('plain')], 7)])))).toEqual([
      'zip',
      'zap',
      'plain',
    ]);
    const broken = recompress(1, Buffer.from('whatever'));
    expect(() => cursorOver(broken).next()).toThrow(/offset 5.*gzip/);
  });

  it("takes the broker's time where the topic says so", () => {
    const bytes = encode([record('a', null, 100), record('b', null, 200)]);
    bytes.writeInt16BE(0x08, batchLayout.attributes);
    bytes.writeBigInt64BE(12345n, batchLayout.maxTimestamp);
    bytes.writeUInt32BE(crc32c(bytes.subarray(batchLayout.attributes)), batchLayout.crc);
    expect(readAll(cursorOver(bytes)).map((r) => r.timestamp)).toEqual([12345, 12345]);
  });

  it('gives its bytes back once', () => {
    let released = 0;
    const cursor = new RecordBatchCursor({
      topic: 't',
      partition: 0,
      bytes: twoBatches(),
      position: 0,
      onRelease: () => released++,
    });
    cursor.next();
    cursor.release();
    cursor.release();
    expect(released).toBe(1);
    expect(cursor.next()).toBe(false);
  });
});

// Checked by hand against the format's description, field by field; its checksum by kafkajs's equality above.
const goldenBatchHex =
  '0000000000000000' + // Base offset.
  '00000046' + // Length of what follows.
  'ffffffff' + // Leader epoch: the log sets it.
  '02' + // Format version.
  '62d8f597' + // CRC-32C.
  '0010' + // Transactional, not compressed.
  '00000001' + // Last offset delta.
  '0000018bcfe56800' + // Base timestamp.
  '0000018bcfe56805' + // Max timestamp.
  '0000000000000fa3' + // Producer id.
  '0007' + // Producer epoch.
  '0000002a' + // Base sequence.
  '00000002' + // Records.
  '1a000000026b04763102026802' + // Length 13, attributes, deltas, key, value, one header …
  '78' + // … and its value.
  '0c000a02010100'; // Null key, null value, five ms later.
