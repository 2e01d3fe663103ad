import { describe, expect, it } from 'vitest';
import {
  dataGenSource,
  defineJob,
  fileSink,
  fileSource,
  json,
  kafkaSink,
  kafkaSource,
  MillraceError,
  printSink,
  webhookSink,
} from '../../src/index.js';

describe('Options that do not exist', () => {
  it.each([
    [
      'kafkaSource.startingOffset, kafkaSource.valu',
      () => kafkaSource({ topics: 't', startingOffset: 'latest', valu: json() } as never),
    ],
    [
      'kafkaSink.deliveryGarantee',
      () => kafkaSink({ topic: 't', value: json(), deliveryGarantee: 'exactly-once' } as never),
    ],
    ['fileSource.path', () => fileSource({ path: 'in', value: json() } as never)],
    ['fileSink.sufix', () => fileSink({ path: 'out', value: json(), sufix: '.jsonl' } as never)],
    ['dataGenSource.rate', () => dataGenSource({ generate: (index: number) => index, rate: 5 } as never)],
    ['webhookSink.retry', () => webhookSink({ url: 'http://localhost', retry: 3 } as never)],
  ])('are refused all at once: %s', (names, describeConnector) => {
    expect(describeConnector).toThrow(MillraceError);
    expect(describeConnector).toThrow(`there is no setting ${names}; there are `);
  });

  it('are told from those of every variant', () => {
    expect(() =>
      kafkaSink({
        record: () => ({ topic: 't', value: null }),
        deliveryGuarantee: 'exactly-once',
        transactionalIdPrefix: 'p',
        transactionTimeout: '1m',
        compression: 'gzip',
      }),
    ).not.toThrow();
  });

  it('of sources, operators and sinks are among the mistakes of the job', () => {
    const job = defineJob('slips', (env) => {
      env
        .fromSource(dataGenSource({ generate: (n) => n }), { uid: 'numbers', watermark: 'none' } as never)
        .orderedWait(async (n) => n, { timeout: '1s', uid: 'asked', retries: 3 } as never)
        .map((n) => n, { udi: 'same' } as never)
        .sinkTo(printSink(), { id: 'shown' } as never);
    });
    for (const mistake of [
      'there is no setting numbers.watermark; there are uid, name, parallelism, watermarks',
      'there is no setting asked.retries; there are uid, name, parallelism, timeout',
      'there is no setting map.udi; there are uid, name, parallelism;',
      'there is no setting print-sink.id',
    ]) {
      expect(() => job.buildGraph()).toThrow(mistake);
    }
  });
});
