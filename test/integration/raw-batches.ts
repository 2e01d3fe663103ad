import { nodeClock } from '../../src/host/node-clock.js';
import { nodeRandom } from '../../src/host/node-random.js';
import { KafkaCluster } from '../../src/log/kafka/kafka-cluster.js';
import { resolveKafkaConfig } from '../../src/log/kafka/kafka-config.js';
import { fetchRequest } from '../../src/log/kafka/protocol/fetch.js';
import {
  batchByteLength,
  batchLayout,
  lastOffsetOf,
} from '../../src/log/record-batch/record-batch-layout.js';

export interface RawBatch {
  readonly partition: number;
  readonly lastOffset: number;
  /** 0 where compaction emptied it. */
  readonly recordCount: number;
}

const fetchBytes = 4 * 1024 * 1024;

/** The record batches that a topic consists of, as the broker gives them, those without visible records too. */
export async function rawBatches(brokers: readonly string[], topic: string): Promise<readonly RawBatch[]> {
  const cluster = new KafkaCluster(resolveKafkaConfig({ brokers }), { clock: nodeClock, random: nodeRandom });
  try {
    cluster.track([topic]);
    await cluster.refreshMetadata();
    const batches: RawBatch[] = [];
    for (let partition = 0; partition < (cluster.partitionCount(topic) ?? 0); partition++) {
      const leader = cluster.leaderOf(topic, partition);
      if (leader === undefined) throw new Error(`Partition ${partition} of ${topic} has no leader.`);
      for (let position = 0; ; ) {
        const request = fetchRequest([{ topic, partition, position, maxBytes: fetchBytes }], {
          minBytes: 1,
          maxWaitMs: 0,
          maxBytes: fetchBytes,
          isolation: 'read_uncommitted',
        });
        const [answer] = await cluster.send(leader, 'control', request);
        const fetched = answer === undefined ? [] : batchesOf(partition, answer.records);
        if (fetched.length === 0) break;
        batches.push(...fetched);
        position = (fetched.at(-1)?.lastOffset ?? 0) + 1;
      }
    }
    return batches;
  } finally {
    cluster.close();
  }
}

function batchesOf(partition: number, bytes: Buffer): RawBatch[] {
  const batches: RawBatch[] = [];
  for (let at = 0; at + batchLayout.records <= bytes.length; at += batchByteLength(bytes, at)) {
    if (at + batchByteLength(bytes, at) > bytes.length) break;
    const recordCount = bytes.readInt32BE(at + batchLayout.recordCount);
    batches.push({ partition, lastOffset: lastOffsetOf(bytes, at), recordCount });
  }
  return batches;
}
