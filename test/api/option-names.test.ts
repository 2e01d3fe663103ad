import { describe, expect, it } from 'vitest';
import {
  dataGenSource,
  fileSink,
  fileSource,
  json,
  kafkaSink,
  kafkaSource,
  MillraceError,
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
});
