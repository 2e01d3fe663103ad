import { expect, it } from 'vitest';
import { nodeClock } from '../../../src/host/node-clock.js';
import { nodeRandom } from '../../../src/host/node-random.js';
import { KafkaCluster } from '../../../src/log/kafka/kafka-cluster.js';
import { resolveKafkaConfig } from '../../../src/log/kafka/kafka-config.js';
import { partitionGone } from '../../../src/log/kafka/reader/lost-position.js';

/** What metadata says of the topic `clicks`: how many partitions, undefined before there is any; and for how long it has been missing. */
class KnownCluster extends KafkaCluster {
  private readonly count: number | undefined;
  private readonly missingMs: number;

  constructor(count: number | undefined, missingMs = 0) {
    super(resolveKafkaConfig({ brokers: ['kafka:9092'] }), { clock: nodeClock, random: nodeRandom });
    this.count = count;
    this.missingMs = missingMs;
  }

  override partitionCount(): number | undefined {
    return this.count;
  }

  override missingForMs(): number {
    return this.missingMs;
  }
}

const partition = { topic: 'clicks', partition: 3 };
const longMs = 60_000;

it('A partition is gone when its topic is, or was made anew with fewer', () => {
  expect(partitionGone(new KnownCluster(4, longMs), partition, 17, 0)?.message).toMatch(
    /Topic clicks, partition 3, .* offset 17 on, is gone: Kafka at kafka:9092 has no such topic\. /,
  );
  expect(partitionGone(new KnownCluster(3), partition, 17, longMs)?.message).toMatch(
    /is gone: the topic has 3 partitions\. .*--fresh/,
  );
});

it('A partition is not gone while nothing is known of it, nor when its topic may just have been created', () => {
  expect(partitionGone(new KnownCluster(undefined), partition, 17, longMs)).toBeUndefined();
  expect(partitionGone(new KnownCluster(4), partition, 17, longMs)).toBeUndefined();
  expect(partitionGone(new KnownCluster(4, 5_000), partition, 17, longMs)).toBeUndefined();
});
