import { expect, it } from 'vitest';
import { KafkaCluster } from '../../../src/log/kafka/kafka-cluster.js';
import { filledIn, resolveKafkaConfig } from '../../../src/log/kafka/kafka-config.js';
import type { ClusterMetadata } from '../../../src/log/kafka/protocol/metadata.js';
import { FetchRetries } from '../../../src/log/kafka/reader/fetch-retries.js';
import { PartitionTurns } from '../../../src/log/kafka/reader/partition-turns.js';
import { ReaderPartition } from '../../../src/log/kafka/reader/reader-partition.js';
import { SimulatedClock } from '../../simulation/simulated-clock.js';

/** Whose metadata is always there at once. */
class RefreshedCluster extends KafkaCluster {
  override async refreshMetadata(): Promise<ClusterMetadata> {
    return { brokers: [], topics: [] } as unknown as ClusterMetadata;
  }
}

/** The moments (ms) at which a partition is fetched that fails each time. */
async function fetchesOfAFailingPartition(forMs: number): Promise<{ atMs: number[]; error: unknown }> {
  const random = { next: () => 0.5 };
  const clock = new SimulatedClock(random);
  const cluster = new RefreshedCluster(resolveKafkaConfig({ brokers: ['kafka:9092'] }), {
    clock,
    random: random as never,
  });
  const partition = new ReaderPartition('clicks', 3, 10, undefined);
  const partitions = new PartitionTurns();
  partitions.add(partition);
  const atMs: number[] = [];
  let error: unknown;
  const retries: FetchRetries = new FetchRetries({
    cluster,
    partitions,
    requests: filledIn(
      { retryBackoffMs: 100, retryBackoffMaxMs: 1_000, deliveryTimeoutMs: 5_000 },
      cluster.config.requests,
    ),
    onDue: () => fetch(),
    fail: (failure) => {
      error = failure;
      retries.end();
    },
  });
  const fetch = (): void => {
    if (!partition.mayFetch(clock.monotonicMs())) return;
    atMs.push(Math.round(clock.monotonicMs()));
    retries.putOff(partition, 'no leader');
  };
  fetch();
  await clock.advance(forMs);
  cluster.close();
  return { atMs, error };
}

it('What failed once is fetched again with fresh metadata, and what failed again after its own pause', async () => {
  const { atMs, error } = await fetchesOfAFailingPartition(3_000);
  expect(atMs).toEqual([0, 0, 200, 600, 1_400, 2_400]);
  expect(error).toBeUndefined();
});

it('A partition that goes on failing ends the reader with the reason', async () => {
  const { error } = await fetchesOfAFailingPartition(8_000);
  expect(error).toMatchObject({
    code: 'unreachable',
    message: expect.stringMatching(/tried for 5000 ms; no leader/),
  });
});
