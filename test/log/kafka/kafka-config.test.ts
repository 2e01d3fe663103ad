import { describe, expect, it } from 'vitest';
import { backoffMs } from '../../../src/log/kafka/backoff.js';
import { ofReachedCluster, resolveKafkaConfig } from '../../../src/log/kafka/kafka-config.js';

describe('the Kafka configuration', () => {
  it('takes names, IPv4 and IPv6 addresses', () => {
    expect(
      resolveKafkaConfig({ brokers: ['kafka-1:9092', ' 10.0.0.1:9093', '[::1]:9094'] }).bootstrap,
    ).toEqual([
      { host: 'kafka-1', port: 9092 },
      { host: '10.0.0.1', port: 9093 },
      { host: '::1', port: 9094 },
    ]);
  });

  it('names every mistake at once', () => {
    const resolve = (): unknown => resolveKafkaConfig({ brokers: ['kafka', 'k:70000'], requestTimeoutMs: 0 });
    expect(resolve).toThrow(
      /'kafka' is not of the form.*'k:70000' is not of the form.*requestTimeoutMs must be above 0/,
    );
    expect(() => resolveKafkaConfig({ brokers: [] })).toThrow(/no broker is named/);
  });
});

describe('a client that is opened when the cluster has been reached before', () => {
  it('waits for brokers that are away as long as one that has reached them itself', () => {
    const { bootstrapTimeoutMs, requests } = resolveKafkaConfig(ofReachedCluster({ brokers: ['k:1'] }));
    expect(bootstrapTimeoutMs).toBe(requests.deliveryTimeoutMs);
    const patient = ofReachedCluster({ brokers: ['k:1'], deliveryTimeoutMs: 300_000 });
    expect(resolveKafkaConfig(patient).bootstrapTimeoutMs).toBe(300_000);
  });
});

describe('the pause before a retry', () => {
  const bounds = { retryBackoffMs: 20, retryBackoffMaxMs: 1000 };

  it('doubles within its bounds and is spread', () => {
    expect(backoffMs(0, 0.5, bounds)).toBe(20);
    expect(backoffMs(1, 0.5, bounds)).toBe(40);
    expect(backoffMs(1000, 0.5, bounds)).toBe(1000);
    expect(backoffMs(1000, 0, bounds)).toBe(800);
    expect(backoffMs(1000, 1, bounds)).toBeCloseTo(1200);
  });
});
