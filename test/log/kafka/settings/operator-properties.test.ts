import { describe, expect, it } from 'vitest';
import { json } from '../../../../src/codecs/json.js';
import { sinkSettings } from '../../../../src/sinks/batching-sink-options.js';
import { logSink } from '../../../../src/sinks/log-sink.js';
import { type LogSourceSettings, logSource } from '../../../../src/sources/log-source.js';
import { sourceSettings } from '../../../../src/sources/source-settings.js';

/** As a user of JavaScript, or of `as`, may give them. */
const misspelt = (properties: object): never => properties as never;
const source = (settings: Partial<LogSourceSettings>): unknown =>
  logSource({ topics: 'in', value: json(), ...settings } as never);

describe("Kafka's settings of one source or sink", () => {
  it('say the same as the options that they belong to', () => {
    expect(
      sourceSettings({
        topics: 'in',
        properties: {
          'group.id': 'g',
          'isolation.level': 'read_uncommitted',
          'auto.offset.reset': 'latest',
          'partition.discovery.interval.ms': '0',
          'fetch.min.bytes': 100,
          'client.id': 'reader',
        },
      }),
    ).toMatchObject({
      groupId: 'g',
      discoveryIntervalMs: undefined,
      reading: {
        isolation: 'read_uncommitted',
        onOffsetOutOfRange: 'latest',
        fetchMinBytes: 100,
        clientId: 'reader',
      },
    });
    expect(
      sinkSettings({
        linger: '20ms',
        deliveryGuarantee: 'exactly-once',
        transactionalIdPrefix: 'p',
        properties: {
          'linger.ms': 20,
          'batch.size': 1000,
          'compression.type': 'lz4',
          'transaction.timeout.ms': 60_000,
          'delivery.timeout.ms': 5_000,
        },
      }),
    ).toMatchObject({
      batching: { lingerMs: 20, batchBytes: 1000, compression: 'lz4', deliveryTimeoutMs: 5_000 },
      guarantee: { transactions: { transactionTimeoutMs: 60_000 } },
    });
  });

  it('say as in Kafka where to begin without a committed offset, unless the option does', () => {
    const place = { topic: 'in', partition: 0 };
    const startOf = (settings: Partial<LogSourceSettings>): unknown =>
      sourceSettings({ topics: 'in', groupId: 'g', ...settings } as LogSourceSettings).startPosition(place);
    const committed = { kind: 'committed', groupId: 'g' };
    const properties = (reset: string) => ({ 'auto.offset.reset': reset });
    expect(startOf({ startingOffsets: 'committed' })).toEqual({ ...committed, fallback: 'earliest' });
    expect(startOf({ startingOffsets: 'committed', properties: properties('none') })).toEqual({
      ...committed,
      fallback: 'fail',
    });
    expect(startOf({ startingOffsets: 'committed', properties: properties('latest') })).toEqual({
      ...committed,
      fallback: 'end',
    });
    const said = { startingOffsets: { committedOr: 'earliest' }, properties: properties('latest') } as const;
    expect(startOf(said)).toEqual({ ...committed, fallback: 'earliest' });
    expect(startOf({ properties: properties('latest') })).toEqual({ kind: 'earliest' });
  });

  it('that an option contradicts are refused, all in one message', () => {
    expect(() =>
      source({
        groupId: 'a',
        isolation: 'read_committed',
        onOffsetOutOfRange: 'earliest',
        properties: { 'group.id': 'b', 'isolation.level': 'read_uncommitted', 'auto.offset.reset': 'none' },
      }),
    ).toThrow(
      /group\.id .*is b, but the option groupId says a[\s\S]*auto\.offset\.reset .*is none, but .*says earliest[\s\S]*isolation\.level .*the option isolation says/,
    );
    expect(() =>
      sinkSettings({
        linger: '5ms',
        deliveryGuarantee: 'exactly-once',
        transactionalIdPrefix: 'p',
        transactionTimeout: '1m',
        properties: { 'linger.ms': 6, 'transaction.timeout.ms': 1 },
      }),
    ).toThrow(
      /linger\.ms .*is 6, but the option linger says 5[\s\S]*transaction\.timeout\.ms .*the option transactionTimeout says 60000/,
    );
  });

  it('that belong elsewhere, or nowhere, are refused with where to give them', () => {
    const properties = misspelt({
      'linger.ms': 1,
      'sasl.jaas.config': 'M required password="hunter2";',
      'transactional.id': 'x',
      'max.poll.records': 5,
      'fetch.min.byte': 1,
    });
    let message = '';
    try {
      source({ properties });
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message.split('\n- ')).toEqual([
      'The options of a kafkaSource are wrong:',
      'linger.ms (kafkaSource) is a setting of the other kind, source or sink',
      'sasl.jaas.config (kafkaSource) is for the whole job: give it to the command, with --command-config or --kafka-property',
      'transactional.id (kafkaSource) is not given here: it is an option of kafkaSink, transactionalIdPrefix',
      'max.poll.records (kafkaSource) means nothing here: leave it out',
      'fetch.min.byte (kafkaSource) is no setting of Kafka that Millrace knows: correct its name, or leave it out',
    ]);
    // @ts-expect-error a setting of sinks.
    expect(() => logSource({ topics: 'in', value: json(), properties: { 'linger.ms': 1 } })).toThrow(
      /linger/,
    );
    expect(() =>
      logSink({ topic: 'out', value: json(), properties: misspelt({ 'fetch.min.bytes': 1 }) }),
    ).toThrow(/fetch\.min\.bytes \(kafkaSink\) is a setting of the other kind/);
  });
});
