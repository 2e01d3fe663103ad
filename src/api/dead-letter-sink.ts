import type { StreamNode } from '../graph/stream-graph.js';
import { MillraceError } from '../protocol/failures.js';
import { logSink } from '../sinks/log-sink.js';
import type { Sink } from '../sinks/sink.js';
import type { DeadLetter, DeadLetterOptions } from '../sources/dead-letter.js';
import { wrongOption } from './read-options.js';

/**
 * The sink behind a source's side output of undecodable records. A sink like any other: what is put aside
 * between two barriers belongs to the checkpoint as the source's positions do, so with `'exactly-once'` no
 * record is put aside twice, and none is lost.
 */
export function deadLetterSink(options: DeadLetterOptions): Sink<DeadLetter> {
  try {
    return sinkOf(options);
  } catch (error) {
    // Its user has given no sink's options, and would look for the mistake in one.
    throw error instanceof MillraceError
      ? wrongOption('source', `onUndecodable is wrong. ${error.message}`)
      : error;
  }
}

/**
 * The options with the delivery guarantee of the job, where they name none: exactly-once where a sink of the job
 * is, in transactions whose names begin with the first such sink's prefix and the dead letters' own uid. Whatever
 * the options say goes before what that sink says.
 */
export function asTheJobDelivers(
  options: DeadLetterOptions,
  nodes: readonly StreamNode[],
  uid: string,
): DeadLetterOptions {
  if (options.deliveryGuarantee !== undefined) return options;
  const transactions = nodes.flatMap((node) =>
    node.kind === 'sink' ? (node.sink.transactions ?? []) : [],
  )[0];
  if (transactions === undefined) return options;
  const { transactionalIdPrefix, poolSize, transactionTimeoutMs } = transactions;
  return {
    ...(options.properties?.['transaction.timeout.ms'] === undefined && {
      transactionTimeout: transactionTimeoutMs,
    }),
    transactionPoolSize: poolSize,
    transactionalIdPrefix: `${transactionalIdPrefix}-${uid}`,
    ...options,
    deliveryGuarantee: 'exactly-once',
  };
}

function sinkOf({ deadLetter, ...guarantee }: DeadLetterOptions): Sink<DeadLetter> {
  return logSink<DeadLetter>({
    ...guarantee,
    record: (letter) => ({
      topic: deadLetter,
      key: letter.key,
      value: letter.value,
      timestamp: letter.timestamp,
      headers: [
        ...letter.headers,
        { key: 'millrace.topic', value: letter.topic },
        { key: 'millrace.partition', value: String(letter.partition) },
        { key: 'millrace.offset', value: String(letter.offset) },
        { key: 'millrace.reason', value: letter.reason },
        { key: 'millrace.source', value: letter.source },
      ],
    }),
  });
}
