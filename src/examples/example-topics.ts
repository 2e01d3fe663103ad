import type { Clock } from '../host/clock.js';
import { fillEmptyTopic } from '../log/fill-empty-topic.js';
import type { LogClient } from '../log/log-port.js';
import { rangesOfTopic, readRanges } from '../log/partition-ranges.js';
import { MillraceError } from '../protocol/failures.js';
import type { ExampleTopic } from './example.js';

/**
 * Creates an input topic and writes its records, where it is empty.
 * @throws MillraceError when it holds another number of records: they are not this example's, or not all.
 */
export async function fillExampleTopic(log: LogClient, input: ExampleTopic, clock: Clock): Promise<void> {
  const { topic, partitions } = input;
  await log.createTopic(topic, partitions);
  const records = [...input.records()];
  const recordOf = ({ key, value, partition }: (typeof records)[number]) => ({
    partition,
    key: Buffer.from(key),
    value: Buffer.from(JSON.stringify(value)),
  });
  const held = await fillEmptyTopic(log, topic, records, recordOf, clock);
  if (held === records.length) return;
  throw new MillraceError(
    `The topic "${topic}" holds ${held} records, and the example's input has ${records.length}. Delete the topic, or use another broker or --state-dir.`,
    { domain: 'outside-system', action: 'fail-job' },
  );
}

/** The values of a topic's records from these offsets on, by partition, to its end. */
export async function readExampleTopic(
  log: LogClient,
  topic: string,
  from: readonly number[],
): Promise<unknown[]> {
  const values: unknown[] = [];
  await readRanges(log, await rangesOfTopic(log, topic, from), ({ bytes, valueStart, valueEnd }) => {
    values.push(JSON.parse(bytes.toString('utf8', valueStart, valueEnd)));
  });
  return values;
}
