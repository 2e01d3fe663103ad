import { crc32c } from '@node-rs/crc32';
import { RecordBatchEncoder } from '../record-batch/record-batch-encoder.js';
import { batchLayout, controlFlag } from '../record-batch/record-batch-layout.js';

/** The marker that Kafka's brokers write into each partition of a transaction when it ends. */
export function encodeMarker(marker: {
  readonly outcome: 'commit' | 'abort';
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseOffset: number;
  readonly timestamp: number;
}): Buffer {
  const key = Buffer.alloc(4);
  key.writeInt16BE(markerVersion, 0);
  key.writeInt16BE(marker.outcome === 'commit' ? 1 : 0, 2);
  const value = Buffer.alloc(6);
  value.writeInt16BE(markerVersion, 0);
  const encoder = new RecordBatchEncoder();
  encoder.append(key, value, marker.timestamp);
  const batch = encoder.finish({
    producerId: BigInt(marker.producerId),
    producerEpoch: marker.producerEpoch,
    baseSequence: -1,
    isTransactional: true,
    baseOffset: marker.baseOffset,
  });
  batch.writeInt16BE(batch.readInt16BE(batchLayout.attributes) | controlFlag, batchLayout.attributes);
  batch.writeUInt32BE(crc32c(batch.subarray(batchLayout.attributes)), batchLayout.crc);
  return batch;
}

const markerVersion = 0;
