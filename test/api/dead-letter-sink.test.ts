import { describe, expect, it } from 'vitest';
import { defineJob } from '../../src/api/job.js';
import { json } from '../../src/codecs/json.js';
import type { AppendingSinkOptions, TransactionalSinkOptions } from '../../src/sinks/delivery-guarantee.js';
import { logSink } from '../../src/sinks/log-sink.js';
import type { Sink, SinkTransactions } from '../../src/sinks/sink.js';
import type { DeadLetterOptions } from '../../src/sources/dead-letter.js';
import { logSource } from '../../src/sources/log-source.js';

const exactlyOnce: TransactionalSinkOptions = {
  deliveryGuarantee: 'exactly-once',
  transactionalIdPrefix: 'orders',
  transactionTimeout: '1m',
  transactionPoolSize: 3,
};

/** The sink of the dead letters in a job with one other sink. */
function deadLetterSinkOf(
  deadLetters: DeadLetterOptions,
  guarantee: AppendingSinkOptions | TransactionalSinkOptions,
  uid = 'texts',
): Sink<unknown> {
  const job = defineJob('test', (env) => {
    env
      .fromSource(logSource({ topics: 'texts', value: json(), onUndecodable: deadLetters }), {
        ...(uid !== '' && { uid }),
      })
      .sinkTo(logSink({ topic: 'out', value: json(), ...guarantee }), { uid: 'out' });
  });
  const sink = job.buildGraph().nodes.find(({ name }) => name.endsWith('dead-letters'));
  if (sink?.kind !== 'sink') throw new Error('The job has no sink for dead letters.');
  return sink.sink;
}

describe('Dead letters are written', () => {
  it('exactly-once where a sink of the job is, in transactions of their own', () => {
    expect(deadLetterSinkOf({ deadLetter: 'aside' }, exactlyOnce).transactions).toEqual({
      transactionalIdPrefix: 'orders-texts-dead-letters',
      transactionTimeoutMs: 60_000,
      poolSize: 3,
    } satisfies SinkTransactions);
  });

  it('under the place of a source that has no uid', () => {
    expect(deadLetterSinkOf({ deadLetter: 'aside' }, exactlyOnce, '').transactions).toMatchObject({
      transactionalIdPrefix: 'orders-source-0-dead-letters',
    });
  });

  it('at-least-once where no sink of the job is exactly-once', () => {
    const sink = deadLetterSinkOf({ deadLetter: 'aside' }, {});
    expect(sink.transactions).toBeUndefined();
    expect(sink.description).toBe('a topic for each element; at-least-once');
  });

  it('as their own options say, where these say anything', () => {
    const weaker = { deadLetter: 'aside', deliveryGuarantee: 'at-least-once' } as const;
    expect(deadLetterSinkOf(weaker, exactlyOnce).transactions).toBeUndefined();
    const other = {
      deadLetter: 'aside',
      deliveryGuarantee: 'exactly-once',
      transactionalIdPrefix: 'aside',
    } as const;
    expect(deadLetterSinkOf(other, exactlyOnce).transactions?.transactionalIdPrefix).toBe('aside');
    const named = { deadLetter: 'aside', transactionalIdPrefix: 'mine' };
    expect(deadLetterSinkOf(named, exactlyOnce).transactions?.transactionalIdPrefix).toBe('mine');
    const shorter = { deadLetter: 'aside', properties: { 'transaction.timeout.ms': 5_000 } };
    expect(deadLetterSinkOf(shorter, exactlyOnce).transactions?.transactionTimeoutMs).toBe(5_000);
  });

  it('as the first kafkaSink is that is exactly-once, wherever it is, and never as other dead letters are', () => {
    const prefixesOf = (...sinkPrefixes: readonly string[]) => {
      const job = defineJob('test', (env) => {
        const own = { deadLetter: 'aside', ...exactlyOnce, transactionalIdPrefix: 'own' } as const;
        for (const onUndecodable of [own, { deadLetter: 'aside' }]) {
          const read = env.fromSource(logSource({ topics: 'texts', value: json(), onUndecodable }));
          read.sinkTo(logSink({ topic: 'out', value: json() }));
          if (onUndecodable === own) continue;
          for (const transactionalIdPrefix of sinkPrefixes)
            read.sinkTo(logSink({ topic: 'out', value: json(), ...exactlyOnce, transactionalIdPrefix }));
        }
      });
      const sinks = job.buildGraph().nodes.flatMap((node) => (node.kind === 'sink' ? [node] : []));
      return sinks
        .filter(({ name }) => name.endsWith('dead-letters'))
        .map(({ sink }) => sink.transactions?.transactionalIdPrefix);
    };
    expect(prefixesOf('orders', 'bills')).toEqual(['own', 'orders-source-2-dead-letters']);
    expect(prefixesOf()).toEqual(['own', undefined]);
  });
});
