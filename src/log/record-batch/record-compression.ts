import { gunzipSync } from 'node:zlib';
import { LogError } from '../log-port.js';
import { type BatchPlace, corruptBatch } from './corrupt-batch.js';

/**
 * The records of a compressed batch; `codec` is the number in the batch's attributes.
 * @throws LogError `corrupt-batch`, or `invalid-configuration` for a codec that can't be read
 */
export function decompressRecords(codec: number, records: Buffer, place: BatchPlace): Buffer {
  if (codecNames[codec] !== 'gzip') {
    throw new LogError(
      'invalid-configuration',
      `Topic ${place.topic}, partition ${place.partition}, offset ${place.offset}: the records are compressed with ` +
        `${codecNames[codec] ?? `unknown codec ${codec}`}, which can't be read yet. ` +
        "Produce them uncompressed or with gzip (the producer's compression.type).",
    );
  }
  try {
    return gunzipSync(records, { maxOutputLength: decompressedBytesMax });
  } catch (error) {
    throw corruptBatch(place, 'its gzip data cannot be decompressed', error);
  }
}

const codecNames: readonly string[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];
/** A broker's batch is 1 MB by default, and text seldom shrinks a hundredfold; more is a decompression bomb. */
const decompressedBytesMax = 256 * 1024 * 1024;
