import { createRequire } from 'node:module';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Compression } from '../log-port.js';
import { lz4SizeBound } from './lz4-size-bound.js';
import { frameSnappy, unframeSnappy } from './snappy-framing.js';
import { zstdSizeBound } from './zstd-size-bound.js';

/** How the records of a batch are packed together. */
export interface CompressionCodec {
  readonly name: Exclude<Compression, 'none'>;
  compress(records: Buffer): Uint8Array;
  /** @throws when the bytes are not what `compress` of this codec makes, or stand for more than `decompressedBytesMax`. */
  decompress(compressed: Buffer): Buffer;
}

/**
 * The codec's number in a batch's attributes, which Kafka gives meaning to: another order would make
 * every compressed batch unreadable. Undefined for a number that means nothing (yet).
 */
export function codecOfNumber(number: number): CompressionCodec | undefined {
  return codecs[number - 1];
}

export function codecNumberOf(compression: Compression): number {
  return compression === 'none' ? 0 : codecs.findIndex(({ name }) => name === compression) + 1;
}

/**
 * Of one batch. A broker's batch is 1 MB by default, and text seldom shrinks a hundredfold; more is a
 * decompression bomb, and is refused before it fills the memory.
 */
export const decompressedBytesMax = 256 * 1024 * 1024;

/** Native packages are loaded when a batch first needs them, so that a job without compression never waits for one. */
const load = createRequire(import.meta.url);

const gzip: CompressionCodec = {
  name: 'gzip',
  compress: (records) => gzipSync(records),
  decompress: (compressed) => gunzipSync(compressed, { maxOutputLength: decompressedBytesMax }),
};

type Snappy = Pick<typeof import('snappy'), 'compressSync' | 'uncompressSync'>;
let loadedSnappy: Snappy | undefined;
// Copied into memory of Node's own: handing native memory over costs five times as much for a batch of 100 KB.
const copied = { copyOutputData: true } as const;

const snappy: CompressionCodec = {
  name: 'snappy',
  compress: (records) => {
    loadedSnappy ??= load('snappy') as Snappy;
    return frameSnappy(loadedSnappy.compressSync(records, copied));
  },
  decompress: (compressed) => {
    loadedSnappy ??= load('snappy') as Snappy;
    const { uncompressSync } = loadedSnappy;
    return unframeSnappy(
      compressed,
      (block) => uncompressSync(block, copied) as Buffer,
      decompressedBytesMax,
    );
  },
};

type Lz4 = Pick<typeof import('lz4-napi'), 'compressFrameSync' | 'decompressFrameSync'>;
let loadedLz4: Lz4 | undefined;

const lz4: CompressionCodec = {
  name: 'lz4',
  compress: (records) => {
    loadedLz4 ??= load('lz4-napi') as Lz4;
    return loadedLz4.compressFrameSync(records);
  },
  decompress: (compressed) => {
    loadedLz4 ??= load('lz4-napi') as Lz4;
    requireSmallEnough(lz4SizeBound(compressed));
    return loadedLz4.decompressFrameSync(compressed);
  },
};

interface Zstd {
  readonly encoder: { encodeSync(data: Buffer): Buffer };
  readonly decoder: { decodeSync(data: Buffer): Buffer };
}
let loadedZstd: Zstd | undefined;
/** Zstandard's own default, and Kafka's. */
const zstdLevel = 3;

function loadZstd(): Zstd {
  if (loadedZstd === undefined) {
    const { Encoder, Decoder } = load('@toondepauw/node-zstd') as typeof import('@toondepauw/node-zstd');
    loadedZstd = { encoder: new Encoder(zstdLevel), decoder: new Decoder() };
  }
  return loadedZstd;
}

const zstd: CompressionCodec = {
  name: 'zstd',
  compress: (records) => loadZstd().encoder.encodeSync(records),
  decompress: (compressed) => {
    requireSmallEnough(zstdSizeBound(compressed));
    return loadZstd().decoder.decodeSync(compressed);
  },
};

function requireSmallEnough(sizeBound: number): void {
  if (sizeBound <= decompressedBytesMax) return;
  throw new RangeError(`It may hold ${sizeBound} bytes, more than ${decompressedBytesMax}.`);
}

/** Codec n of the batch format is at n - 1. */
const codecs: readonly CompressionCodec[] = [gzip, snappy, lz4, zstd];
