import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { compressSync } from 'snappy';
import { describe, expect, it } from 'vitest';
import type { Compression } from '../../../src/log/log-port.js';
import {
  codecNumberOf,
  codecOfNumber,
  decompressedBytesMax,
} from '../../../src/log/record-batch/compression-codecs.js';
import { lz4SizeBound } from '../../../src/log/record-batch/lz4-size-bound.js';
import { RecordBatchCursor } from '../../../src/log/record-batch/record-batch-cursor.js';
import { anonymousProducer, RecordBatchEncoder } from '../../../src/log/record-batch/record-batch-encoder.js';
import { batchLayout, compressionMask } from '../../../src/log/record-batch/record-batch-layout.js';
import { decompressRecords } from '../../../src/log/record-batch/record-compression.js';
import { frameSnappy } from '../../../src/log/record-batch/snappy-framing.js';
import { zstdSizeBound } from '../../../src/log/record-batch/zstd-size-bound.js';

/** What Java's console producer (Kafka 4.1.0) wrote with each `compression.type`: a partition's log file, in base64. */
const javaBatches = JSON.parse(
  readFileSync(new URL('./java-batches.golden.json', import.meta.url), 'utf8'),
) as Record<Compression, string>;

const anyText = fc.string({ maxLength: 200 });
const codecNames = ['gzip', 'snappy', 'lz4', 'zstd'] as const;
const place = { topic: 'clicks', partition: 3, offset: 17 };

function textsOf(bytes: Buffer): string[] {
  const cursor = new RecordBatchCursor({ topic: 'clicks', partition: 0, bytes, position: 0 });
  const texts: string[] = [];
  while (cursor.next()) {
    const text = (start: number, end: number): string => cursor.bytes.toString('utf8', start, end);
    texts.push(`${text(cursor.keyStart, cursor.keyEnd)}=${text(cursor.valueStart, cursor.valueEnd)}`);
  }
  return texts;
}

function codec(name: Exclude<Compression, 'none'>) {
  const found = codecOfNumber(codecNumberOf(name));
  if (found === undefined) throw new Error(`There is no codec ${name}.`);
  return found;
}

describe.each(codecNames)('compression with %s', (name) => {
  it('reads what Java wrote', () => {
    const bytes = Buffer.from(javaBatches[name], 'base64');
    expect(codecOfNumber(bytes.readInt16BE(batchLayout.attributes) & compressionMask)?.name).toBe(name);
    expect(textsOf(bytes)).toEqual(
      Array.from({ length: 40 }, (_, n) => `key-${n}={"n":${n},"text":"die Mühle mahlt langsam, aber fein"}`),
    );
  });

  it('reads back what it wrote, in a batch that is smaller', () => {
    const encoder = new RecordBatchEncoder();
    for (let i = 0; i < 100; i++) encoder.append(Buffer.from(`${i}`), Buffer.from('the same text'), i);
    const batch = encoder.finish({ ...anonymousProducer, isTransactional: true }, name);
    expect(batch.length).toBeLessThan(encoder.byteLength / 2);
    expect(textsOf(batch)).toEqual(Array.from({ length: 100 }, (_, i) => `${i}=the same text`));
  });

  it('gives back any bytes as they were', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5_000 }), (bytes) => {
        const { compress, decompress } = codec(name);
        expect(Buffer.compare(decompress(Buffer.from(compress(Buffer.from(bytes)))), bytes)).toBe(0);
      }),
      { numRuns: 30 },
    );
  });

  it('refuses what is something else, or cut off, with the place of the batch', () => {
    const whole = Buffer.from(
      codec(name).compress(Buffer.from('a text that is long enough to be cut off'.repeat(9))),
    );
    for (const bytes of [Buffer.from('whatever it may be'), whole.subarray(0, whole.length - 6)]) {
      expect(() => decompressRecords(codecNumberOf(name), bytes, place)).toThrow(
        new RegExp(`clicks, partition 3.*offset 17.*${name} data`),
      );
    }
  });
});

describe.each(['gzip', 'lz4', 'zstd'] as const)('a decompression bomb in %s', (name) => {
  it('is refused before it fills the memory', () => {
    const quarter = codec(name).compress(Buffer.alloc(decompressedBytesMax / 4 + 1));
    const bomb = Buffer.concat([quarter, quarter, quarter, quarter]);
    expect(bomb.length).toBeLessThan(decompressedBytesMax / 200);
    expect(() => decompressRecords(codecNumberOf(name), bomb, place)).toThrow(
      new RegExp(`partition 3.*offset 17.*${name} data cannot be decompressed \\(.*(more|larger) than.*\\)`),
    );
  });
});

describe.each([
  ['lz4', lz4SizeBound],
  ['zstd', zstdSizeBound],
] as const)('the bound of what %s frames hold', (name, sizeBound) => {
  it('is never below what they hold, and little above it', () => {
    fc.assert(
      fc.property(fc.array(anyText, { maxLength: 20 }), fc.integer({ min: 1, max: 400 }), (texts, times) => {
        const records = Buffer.from(texts.join('').repeat(times));
        const bound = sizeBound(Buffer.from(codec(name).compress(records)));
        expect(bound).toBeGreaterThanOrEqual(records.length);
        expect(bound).toBeLessThan(records.length + 1024 * 1024);
      }),
      { numRuns: 30 },
    );
  });

  it('adds up the frames that follow each other', () => {
    const frame = Buffer.from(codec(name).compress(Buffer.alloc(300_000)));
    expect(sizeBound(Buffer.concat([frame, frame, frame]))).toBe(3 * sizeBound(frame));
  });
});

describe('snappy', () => {
  const block = (text: string): Buffer => compressSync(text);

  it('is read as one raw block, too, as other clients than Java write it', () => {
    expect(codec('snappy').decompress(block('raw')).toString()).toBe('raw');
  });

  it('is read in several blocks, and in several streams', () => {
    const second = frameSnappy(block('two '));
    const third = block('three');
    const length = Buffer.alloc(4);
    length.writeInt32BE(third.length);
    const stream = Buffer.concat([frameSnappy(block('one ')), second, length, third]);
    expect(codec('snappy').decompress(stream).toString()).toBe('one two three');
  });

  it('is refused before it fills the memory', () => {
    const bomb = Buffer.concat([Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f]), Buffer.alloc(10)]);
    expect(() => codec('snappy').decompress(bomb)).toThrow(/4294967295 bytes, more than/);
  });
});

it('A codec that is not known is named by its number', () => {
  expect(() => decompressRecords(5, Buffer.alloc(8), place)).toThrow(/codec 5, which is not known/);
});
