import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Admin, Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createKafkaLogClient } from '../../src/log/kafka/kafka-log-client.js';
import { batchByteLength, batchLayout, batchMagic } from '../../src/log/record-batch/record-batch-layout.js';
import { createTopicWith } from '../kafka-broker/create-topic-with.js';
import { type KafkaBroker, kafkaAvailable, startKafkaBroker } from '../kafka-broker/kafka-broker.js';
import { CollectingReader, sleep } from '../log/collecting-reader.js';
import { errorEntries } from './error-entries.js';
import { type ExactlyOnceRun, startExactlyOnce } from './exactly-once-job.js';
import { newestMetadata } from './kafka-demo.js';
import { KafkaProxy } from './kafka-proxy.js';
import type { MillraceProcess } from './millrace-process.js';

const partitions = 2;
/** More than are there at the start: the job waits for them. */
const recordsOfPartition = 1_000;

describe.skipIf(!kafkaAvailable() || process.env.KAFKA_BROKERS !== undefined)(
  'A job on Kafka ends with one error that says what to change',
  { timeout: 60_000 },
  () => {
    let broker: KafkaBroker;
    let proxy: KafkaProxy;
    let admin: Admin;

    beforeAll(async () => {
      proxy = await KafkaProxy.listen();
      broker = await startKafkaBroker({ proxyPort: proxy.port });
      proxy.forwardTo(broker.proxiedAddress ?? '');
      admin = new Kafka({ brokers: broker.brokers, logLevel: logLevel.NOTHING }).admin();
      await admin.connect();
    });
    afterAll(async () => {
      await admin?.disconnect();
      await proxy?.close();
      await broker?.stop();
    });

    it('when its transaction time-out is above what the broker allows', async () => {
      const run = startExactlyOnce({ ...(await newTopics()), transactionTimeout: '20m' });
      await expectOneError(
        run,
        /does not allow the transaction time-out of 1200000 ms .*Lower it, or raise the broker's transaction\.max\.timeout\.ms/,
      );
      expect(run.matches(/Attempt \d+ begins/)).toEqual([]);
    });

    it('when retention has deleted what its checkpoint is to go on with', async () => {
      const topics = await newTopics();
      await append(topics.input, ['{"key":"a"}', '{"key":"b"}']);
      const stopped = startExactlyOnce(topics);
      await untilRead(topics, 1);
      stopped.kill('SIGKILL');
      await stopped.end();
      await append(
        topics.input,
        Array.from({ length: 10 }, () => '{"key":"c"}'),
      );
      // Loads the metadata that deleteTopicRecords forgets to load.
      await admin.fetchTopicOffsets(topics.input);
      await admin.deleteTopicRecords({ topic: topics.input, partitions: [{ partition: 1, offset: '3' }] });
      await expectOneError(
        startExactlyOnce(topics),
        new RegExp(
          `Topic ${topics.input}, partition 1: position 1 is not in the log, which begins at 3\\. .*deleted .*retention\\.ms.*--fresh.*onOffsetOutOfRange`,
        ),
      );
      // Unless its source is told to go on; it goes by the same checkpoint.
      const goesOn = startExactlyOnce({ ...topics, onOffsetOutOfRange: 'earliest' });
      await goesOn.untilLine(
        /WARN .*Source "records" \(subtask 1\).*partition 1: position 1 .* goes on at 3\./,
      );
      await untilRead(topics, 6);
      goesOn.kill('SIGTERM');
      await goesOn.endsWith(0);
      const client = createKafkaLogClient({ brokers: broker.brokers });
      onTestFinished(() => client.close());
      const starts = [0, 1].map((partition) => ({ topic: topics.output, partition, position: 0 }));
      const written = await new CollectingReader(client, starts).untilSeen(10);
      expect(written.map(({ key }) => key).sort()).toEqual([
        'a',
        'b',
        ...Array.from({ length: 8 }, () => 'c'),
      ]);
    });

    it('when the topic that it reads is deleted', async () => {
      const topics = await newTopics();
      await append(topics.input, ['{"key":"a"}', '{"key":"b"}']);
      const run = startExactlyOnce(topics);
      await untilRead(topics, 1);
      await admin.deleteTopics({ topics: [topics.input] });
      await expectOneError(
        run,
        new RegExp(
          `Topic ${topics.input}, partition [01], which is to be read from offset 1 on, is gone: .*Bring the topic back`,
        ),
      );
    });

    it('when a topic that it chose for an element does not exist, without waiting long for it', async () => {
      const topics = await newTopics();
      await append(topics.input, ['{"key":"a"}']);
      const output = `${topics.output}-missing`;
      const run = startExactlyOnce({ ...topics, output, isTopicOfEach: true });
      await expectOneError(
        run,
        new RegExp(
          `in sink "results" \\(subtask 0\\) failed: Kafka at .* has no topic '${output}'\\. .*create it: kafka-topics\\.sh .*--topic ${output}`,
        ),
      );
      expect(msBetween(run, /Attempt 1 begins/, / ERROR /)).toBeLessThan(9_000);
    });

    it('when a record batch is damaged', async () => {
      const topics = await newTopics();
      await append(topics.input, ['{"key":"a"}', '{"key":"b"}', '{"key":"c"}']);
      damageBatches((body) => body.writeUInt8(body.readUInt8(body.length - 3) ^ 1, body.length - 3));
      await expectOneError(
        startExactlyOnce({ ...topics, brokers: [proxy.address] }),
        new RegExp(
          `Topic ${topics.input}, partition [01]: the record batch at offset 0 is damaged: its checksum does not match\\. .*startingOffsets`,
        ),
      );
    });

    it("when a record batch's length is damaged, after asking for it a few times more", async () => {
      const topics = await newTopics();
      await append(topics.input, ['{"key":"a"}']);
      let answers = 0;
      damageBatches((body, at) => {
        answers += 1;
        body.writeInt32BE(1_000_000, at + batchLayout.batchLength);
      });
      await expectOneError(
        startExactlyOnce({ ...topics, brokers: [proxy.address] }),
        new RegExp(
          `Topic ${topics.input}, partition 0: the record batch at offset 0 is damaged: it is longer than the answer`,
        ),
      );
      expect(answers).toBe(4);
    });

    it('when a record is larger than the topic takes', async () => {
      const topics = await newTopics();
      const value = JSON.stringify({ key: 'user_42', text: 'x'.repeat(20_000) });
      await append(topics.input, [value]);
      await createTopicWith(broker.brokers, `${topics.output}-small`, 1, { 'max.message.bytes': '10000' });
      await expectOneError(
        startExactlyOnce({ ...topics, output: `${topics.output}-small` }),
        /A record with key 'user_42' for topic .*-small is too large, about 20\d\d\d bytes: the broker refused it\. .*max\.message\.bytes/,
      );
    });

    it('and a reader, too, at a position behind the end', async () => {
      const { input } = await newTopics();
      const client = createKafkaLogClient({ brokers: broker.brokers });
      onTestFinished(() => client.close());
      const reader = new CollectingReader(client, [{ topic: input, partition: 0, position: 7 }]);
      expect(await reader.untilError()).toMatchObject({
        code: 'offset-out-of-range',
        message: expect.stringMatching(
          /partition 0: position 7 is not in the log, which ends at 0\. .*made anew/,
        ),
      });
    });

    async function newTopics(): Promise<ExactlyOnceRun> {
      const name = randomUUID();
      const topics = { input: `in-${name}`, output: `out-${name}` };
      for (const topic of Object.values(topics)) await createTopicWith(broker.brokers, topic, partitions, {});
      const stateFolder = mkdtempSync(join(tmpdir(), 'millrace-bad-input-'));
      onTestFinished(() => rmSync(stateFolder, { recursive: true, force: true }));
      return { ...topics, stateFolder, brokers: broker.brokers, partitions, recordsOfPartition };
    }

    /** The last batch of each answer, as it passes the proxy, until the test's end. */
    function damageBatches(damage: (body: Buffer, at: number) => void): void {
      proxy.onAnswerBytes = ({ api }, body) => {
        const at = api === 'Fetch' ? lastBatchIn(body) : -1;
        if (at >= 0) damage(body, at);
      };
      onTestFinished(() => {
        proxy.onAnswerBytes = () => {};
      });
    }

    /** By turns into the partitions, partition 0 first. */
    async function append(topic: string, values: readonly string[]): Promise<void> {
      const client = createKafkaLogClient({ brokers: broker.brokers });
      const appender = client.openAppender({
        onWritable: () => {},
        onError: () => {},
        bufferBytes: 1_000_000,
      });
      values.forEach((value, i) => {
        const record = { topic, partition: i % partitions, key: null, timestamp: Date.now() };
        appender.append({ ...record, value: Buffer.from(value) });
      });
      await appender.flush();
      await client.close();
    }

    /** Until a checkpoint holds that so many records of each partition were read. */
    async function untilRead({ stateFolder }: ExactlyOnceRun, records: number): Promise<void> {
      const isRead = (): boolean => {
        const splits = newestMetadata(stateFolder)?.subtasks.flatMap(
          ({ snapshot }) => snapshot.listState ?? [],
        );
        const positions = JSON.stringify(splits ?? []).matchAll(/"position":(\d+)/g);
        return [...positions].filter(([, position]) => Number(position) === records).length === partitions;
      };
      while (!isRead()) await sleep(50);
    }
  },
);

/** Where the record batch begins that an answer ends with; -1 where there is none. */
function lastBatchIn(body: Buffer): number {
  for (let at = 0; at + batchLayout.records < body.length; at++) {
    const isWhole = at + batchByteLength(body, at) === body.length;
    if (isWhole && body.readInt8(at + batchLayout.magic) === batchMagic) return at;
  }
  return -1;
}

/** By the times of the log's first lines that match. */
function msBetween(run: MillraceProcess, ...patterns: readonly [RegExp, RegExp]): number {
  const [from = Number.NaN, to = Number.NaN] = patterns.map((pattern) =>
    Date.parse(run.log.find((line) => pattern.test(line))?.split(' ')[0] ?? ''),
  );
  return to - from;
}

async function expectOneError(run: MillraceProcess, message: RegExp): Promise<void> {
  await run.endsWith(1);
  expect(errorEntries(run)).toEqual([expect.stringMatching(message)]);
  expect(run.matches(/Restarting/)).toEqual([]);
}
