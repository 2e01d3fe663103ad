import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { createKafkaLogClient } from '../../src/log/kafka/kafka-log-client.js';
import type { LogRecord } from '../../src/log/log-port.js';
import { kafkaAvailable, startKafkaBroker } from '../kafka-broker/kafka-broker.js';
import { MillraceProcess } from './millrace-process.js';
import { StateFolder } from './state-folder.js';

const job = fileURLToPath(new URL('./jobs/slow-copy.job.ts', import.meta.url));
/** Odd, so that the partitions differ: 751 and 750. */
const records = 1_501;
const subtasks = 2;

function recordsOf(topic: string): LogRecord[] {
  return Array.from({ length: records }, (_, i) => ({
    topic,
    partition: i % subtasks,
    key: null,
    value: Buffer.from(String(i)),
    timestamp: i,
  }));
}

type MetricLine = Readonly<Record<string, number>>;

const sum = (line: MetricLine, name: RegExp): number =>
  Object.entries(line).reduce((total, [key, value]) => total + (name.test(key) ? value : 0), 0);

/** Runs the slow copy of a topic that holds the records, and checks what it tells of itself meanwhile. */
async function expectExactMetrics(
  folder: StateFolder,
  input: string,
  args: readonly string[],
): Promise<void> {
  const copying = new MillraceProcess(
    [
      ...['--job', job, '--state-dir', folder.path, '--parallelism', String(subtasks)],
      ...['--metrics-port', '0', '--metrics-interval', '250ms', '--checkpoint-interval', '200ms', ...args],
    ],
    { env: { TEST_INPUT: input, TEST_OUTPUT: `${input}-copy` } },
  );
  const [, url = ''] = await copying.untilLine(/Metrics are at (\S+)\./);
  const committed = `"numbers.0.KafkaSourceReader.topic.${input}.partition.0.committedOffset":751`;
  const all = `"numbers.1.KafkaSourceReader.topic.${input}.partition.1.committedOffset":750`;
  await copying.untilLine(new RegExp(`${committed}.*${all}`));

  const lines = copying
    .matches(/Metrics (\{.*\})/)
    .map(([, line = '']) => JSON.parse(line) as MetricLine)
    .filter((line) => Object.keys(line).filter((name) => name.endsWith('records-lag')).length === subtasks);
  for (const line of lines) {
    const read = sum(line, /^numbers\.\d\.numRecordsIn$/);
    expect(read + sum(line, /\.pendingRecords$/)).toBe(records);
    expect(read + sum(line, /\.records-lag$/)).toBe(records);
    expect(sum(line, /\.currentOffset$/)).toBe(read - subtasks);
  }
  expect(lines.some((line) => sum(line, /\.records-lag-max$/) > 0)).toBe(true);
  expect(lines.at(-1)).toMatchObject({
    [`numbers.0.KafkaSourceReader.topic.${input}.partition.0.currentOffset`]: 750,
    [`numbers.1.KafkaSourceReader.topic.${input}.partition.1.currentOffset`]: 749,
    'numbers.KafkaSourceReader.commitsFailed': 0,
    'copies.0.numRecordsSend': 751,
    'copies.1.numRecordsSend': 750,
  });

  const scraped = await (await fetch(url)).text();
  expect(scraped).toMatch(
    new RegExp(
      `operator_KafkaSourceReader_topic_partition_committedOffset\\{.*topic="${input}",partition="0"\\} 751`,
    ),
  );
  expect(scraped).toMatch(/flink_jobmanager_job_numberOfCompletedCheckpoints\{job_name="slow-copy"\} [1-9]/);
  copying.kill('SIGINT');
  await copying.endsWith(0);
}

describe('The metrics of a job that is behind', { timeout: 60_000 }, () => {
  it('add up to the records of its topic, on the embedded log', async () => {
    const folder = new StateFolder();
    await folder.createTopics({ numbers: subtasks, 'numbers-copy': subtasks });
    await folder.append(recordsOf('numbers'));
    await expectExactMetrics(folder, 'numbers', []);
  });

  it.skipIf(!kafkaAvailable())('add up to the records of its topic, on Kafka', async () => {
    const broker = await startKafkaBroker();
    const log = createKafkaLogClient({ brokers: broker.brokers });
    try {
      const input = `numbers-${randomUUID()}`;
      for (const topic of [input, `${input}-copy`]) await log.createTopic(topic, subtasks);
      const appender = log.openAppender({
        bufferBytes: 1024 * 1024,
        onWritable: () => {},
        onError: () => {},
      });
      for (const record of recordsOf(input)) appender.append(record);
      await appender.flush();
      await expectExactMetrics(new StateFolder(), input, ['--brokers', broker.brokers.join(',')]);
    } finally {
      await log.close();
      await broker.stop();
    }
  });
});
