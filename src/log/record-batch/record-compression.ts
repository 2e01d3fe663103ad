import { LogError } from '../log-port.js';
import { codecOfNumber } from './compression-codecs.js';
import { type BatchPlace, corruptBatch } from './corrupt-batch.js';

/**
 * The records of a compressed batch; `codec` is the number in the batch's attributes.
 * @throws LogError `corrupt-batch`, or `invalid-configuration` for a codec that is not known
 */
export function decompressRecords(codec: number, records: Buffer, place: BatchPlace): Buffer {
  const known = codecOfNumber(codec);
  if (known === undefined) {
    throw new LogError(
      'invalid-configuration',
      `Topic ${place.topic}, partition ${place.partition}, offset ${place.offset}: the records are compressed with ` +
        `codec ${codec}, which is not known. Produce them with gzip, snappy, lz4 or zstd (the producer's compression.type).`,
    );
  }
  try {
    return known.decompress(records);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw corruptBatch(place, `its ${known.name} data cannot be decompressed (${reason})`, error);
  }
}
