import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Admin, Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type KafkaBroker, kafkaAvailable, startKafkaBroker } from '../kafka-broker/kafka-broker.js';
import { sleep } from '../log/collecting-reader.js';
import { errorEntries } from './error-entries.js';
import { KafkaProxy } from './kafka-proxy.js';
import { MillraceProcess } from './millrace-process.js';

const copyJob = fileURLToPath(new URL('./jobs/copy.job.ts', import.meta.url));
const partitions = 4;
const messagesPerSend = 400;

describe.skipIf(!kafkaAvailable() || process.env.KAFKA_BROKERS !== undefined)('a job on Kafka', () => {
  let broker: KafkaBroker;
  let proxy: KafkaProxy;
  let kafka: Kafka;
  let admin: Admin;

  beforeAll(async () => {
    proxy = await KafkaProxy.listen();
    broker = await startKafkaBroker({
      proxyPort: proxy.port,
      properties: { 'fetch.max.bytes': String(16 * 1024) },
    });
    proxy.forwardTo(broker.proxiedAddress ?? '');
    kafka = new Kafka({ brokers: broker.brokers, logLevel: logLevel.NOTHING });
    admin = kafka.admin();
    await admin.connect();
  });
  afterAll(async () => {
    await admin?.disconnect();
    await proxy?.close();
    await broker?.stop();
  });

  async function newTopic(values: readonly string[] = []): Promise<string> {
    const topic = `job-${randomUUID()}`;
    await admin.createTopics({ topics: [{ topic, numPartitions: partitions }] });
    const producer = kafka.producer();
    await producer.connect();
    const messages = values.map((value, i) => ({ value, partition: i % partitions }));
    // In small batches: a reader gets whole ones, however slow it is to be.
    for (let from = 0; from < messages.length; from += messagesPerSend) {
      await producer.send({ topic, messages: messages.slice(from, from + messagesPerSend) });
    }
    await producer.disconnect();
    return topic;
  }

  function newStateFolder(): string {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-kafka-job-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    return folder;
  }

  function copy(input: string, output: string, stateFolder: string): MillraceProcess {
    const args = ['--job', copyJob, '--brokers', proxy.address, '--state-dir', stateFolder];
    return new MillraceProcess([...args, '--parallelism', '2', '--checkpoint-interval', '100ms'], {
      env: { TEST_INPUT: input, TEST_OUTPUT: output },
    });
  }

  async function committedOffsets(input: string): Promise<number[]> {
    const [ofTopic] = await admin.fetchOffsets({ groupId: `copy-${input}`, topics: [input] });
    return (ofTopic?.partitions ?? [])
      .sort((a, b) => a.partition - b.partition)
      .map(({ offset }) => Number(offset));
  }

  it('writes everything at least once over kills, and tells its group how far it is', {
    timeout: 120_000,
  }, async () => {
    const count = 20_000;
    const ids = Array.from({ length: count }, (_, id) => id);
    const input = await newTopic(ids.map((id) => JSON.stringify({ id, text: 'x'.repeat(80) })));
    const output = await newTopic();
    const stateFolder = newStateFolder();
    // The whole input takes some twenty seconds.
    proxy.fetchBytesPerSecond = 120_000;
    let committed = [-1, -1, -1, -1];
    for (let kill = 1; kill <= 6; kill++) {
      const run = copy(input, output, stateFolder);
      await run.untilLine(/First record processed/);
      await sleep(100 + 150 * kill);
      run.kill('SIGKILL');
      expect(await run.end(), run.log.join('\n')).toEqual({ code: null, signal: 'SIGKILL' });
      const before = committed;
      committed = await committedOffsets(input);
      // Information for people, a moment late at most: never beyond the input, never back.
      expect(committed.every((offset, p) => offset <= count / partitions && offset >= (before[p] ?? 0))).toBe(
        true,
      );
    }
    expect(Math.max(...committed)).toBeGreaterThan(0);
    expect(Math.max(...committed)).toBeLessThan(count / partitions);
    proxy.fetchBytesPerSecond = undefined;
    await copy(input, output, stateFolder).endsWith(0);
    const written = await broker.consoleConsumer(output);
    const idsWritten = written.map(({ value }) => (JSON.parse(value ?? 'null') as { id: number }).id);
    expect([...new Set(idsWritten)].sort((a, b) => a - b)).toEqual(ids);
    console.log(`${written.length - count} of ${count} records were written again after 6 kills.`);
    // A kill repeats what came after the last checkpoint, not everything.
    expect(written.length - count).toBeLessThan(count);
    expect(await committedOffsets(input)).toEqual(
      Array.from({ length: partitions }, () => count / partitions),
    );
  });

  it('fails with one sentence when its input topic does not exist', async () => {
    const output = await newTopic();
    const run = copy('no-such-input', output, newStateFolder());
    await run.endsWith(1);
    expect(errorEntries(run)).toEqual([
      expect.stringMatching(/has no topic 'no-such-input'. Correct the name, or create it: kafka-topics/),
    ]);
  });

  it('fails with one sentence when its output topic does not exist, before it reads anything', async () => {
    const run = copy(await newTopic(), 'no-such-output', newStateFolder());
    await run.endsWith(1);
    expect(errorEntries(run)).toEqual([
      expect.stringMatching(/has no topic 'no-such-output'. Correct the name, or create it: kafka-topics/),
    ]);
    expect(run.matches(/Attempt \d+ begins/)).toEqual([]);
  });

  it('names topic, partition and offset of a record that is not JSON', async () => {
    const good = Array.from({ length: 8 }, (_, id) => JSON.stringify({ id }));
    const input = await newTopic([...good, '{"id":8}', '{"id":9}', 'id=10, surely']);
    const run = copy(input, await newTopic(), newStateFolder());
    await run.endsWith(1);
    expect(errorEntries(run).at(-1)).toMatch(
      new RegExp(
        `"records" can't decode the record at topic ${input}, partition 2, offset 2: .*id=10, surely`,
      ),
    );
    expect(run.matches(/Restarting/)).toEqual([]);
  });

  it('fails within seconds when no broker answers', async () => {
    const startedMs = performance.now();
    const run = new MillraceProcess(['--brokers', '127.0.0.1:1', '--state-dir', newStateFolder()]);
    await run.endsWith(1);
    expect(performance.now() - startedMs).toBeLessThan(15_000);
    expect(errorEntries(run)).toEqual([
      expect.stringMatching(/Kafka at 127\.0\.0\.1:1 can't be reached .*ECONNREFUSED.* Start the broker/),
    ]);
  });
});
