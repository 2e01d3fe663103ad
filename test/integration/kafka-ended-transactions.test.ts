import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { PreparedTransaction } from '../../src/log/log-transactions.js';
import { createTopicWith } from '../kafka-broker/create-topic-with.js';
import { type KafkaBroker, kafkaAvailable, startKafkaBroker } from '../kafka-broker/kafka-broker.js';
import { kafkaVersion } from '../kafka-broker/kafka-distribution.js';
import { runTransactionsTool } from '../kafka-broker/kafka-tools.js';
import { sleep } from '../log/collecting-reader.js';
import { errorEntries } from './error-entries.js';
import { type ExactlyOnceRun, startExactlyOnce } from './exactly-once-job.js';
import { GrowingTopic } from './growing-topic.js';
import { KafkaProxy } from './kafka-proxy.js';

const records = 2_000;
/** In which the job must commit, however busy the machine is; and which a test waits for. */
const transactionTimeout = '8s';

describe.skipIf(!kafkaAvailable() || process.env.KAFKA_BROKERS !== undefined)(
  'A transaction that others than the job have ended',
  { timeout: 90_000 },
  () => {
    let broker: KafkaBroker;
    let proxy: KafkaProxy;

    beforeAll(async () => {
      proxy = await KafkaProxy.listen();
      broker = await startKafkaBroker({
        proxyPort: proxy.port,
        properties: { 'transaction.abort.timed.out.transaction.cleanup.interval.ms': '200' },
      });
      proxy.forwardTo(broker.proxiedAddress ?? '');
    });
    afterAll(async () => {
      await proxy?.close();
      await broker?.stop();
    });

    it('at its time-out fails the restart of its job, which names it and the setting', async () => {
      const { job } = await newJob();
      const lost = await killBeforeCommit({ ...job, transactionTimeout });
      await untilAborted(lost);
      await expectLoss(job, lost);
    });

    // The tool of Kafka 3 has no such command.
    it.skipIf(kafkaVersion.startsWith('3.'))(
      'by force, with kafka-transactions, fails the restart of its job, too',
      async () => {
        const { job } = await newJob();
        const lost = await killBeforeCommit(job);
        const command = ['forceTerminateTransaction', '--transactionalId', lost.transactionalId];
        await runTransactionsTool(broker.brokers, command);
        await untilAborted(lost);
        await expectLoss(job, lost);
      },
    );

    it('where it hung, by kafka-transactions abort, takes nothing from what is written', async () => {
      const { job, topic } = await newJob();
      // Nothing is prepared yet: a checkpoint never comes before the first record.
      await killOnceWritten(job);
      await abortHanging(job.output);
      await topic.finish();
      await startExactlyOnce(job).endsWith(0);
      const written = await broker.consoleConsumer(job.output);
      expect(written).toHaveLength(records);
      expect(new Set(written.map(({ value }) => value)).size).toBe(records);
    });

    async function newJob(): Promise<{ readonly job: ExactlyOnceRun; readonly topic: GrowingTopic }> {
      const name = randomUUID();
      const [input, output] = [`in-${name}`, `out-${name}`];
      const topic = await GrowingTopic.create(broker.brokers, input, records);
      topic.growTo(records);
      const { partitions, recordsOfPartition } = topic;
      await createTopicWith(broker.brokers, output, 1, {});
      const stateFolder = mkdtempSync(join(tmpdir(), 'millrace-ended-transactions-'));
      onTestFinished(async () => {
        proxy.onPassing = () => 'forward';
        await topic.close();
        rmSync(stateFolder, { recursive: true, force: true });
      });
      // One subtask, so that there is one transaction to lose.
      const settings = { brokers: [proxy.address], parallelism: 1, partitions, recordsOfPartition };
      return { job: { ...settings, stateFolder, input, output }, topic };
    }

    /** Kills the job when a checkpoint is durable and none of its transactions is committed; gives one of them. */
    async function killBeforeCommit(job: ExactlyOnceRun): Promise<PreparedTransaction> {
      let lost: PreparedTransaction | undefined;
      proxy.onPassing = ({ part, request }) => {
        if (part === 'answer' || request.commits === undefined) return 'forward';
        lost ??= request.commits;
        run.kill('SIGKILL');
        return 'swallow';
      };
      const run = startExactlyOnce(job);
      await run.end();
      proxy.onPassing = () => 'forward';
      if (lost === undefined) throw new Error(`It never committed:\n${run.log.join('\n')}`);
      return lost;
    }

    /** Kills the job when the first records are in the log. */
    async function killOnceWritten(job: ExactlyOnceRun): Promise<void> {
      proxy.onPassing = ({ part, request }) => {
        if (part === 'answer' && request.api === 'Produce') run.kill('SIGKILL');
        return request.api === 'EndTxn' ? 'swallow' : 'forward';
      };
      const run = startExactlyOnce(job);
      await run.end();
      proxy.onPassing = () => 'forward';
    }

    async function untilAborted({ transactionalId }: PreparedTransaction): Promise<void> {
      for (;;) {
        const transactions = await broker.describeTransactions();
        const found = transactions.find((each) => each.transactionalId === transactionalId);
        if (/^(Empty|CompleteAbort)$/.test(found?.state ?? '')) return;
        await sleep(300);
      }
    }

    async function expectLoss(job: ExactlyOnceRun, lost: PreparedTransaction): Promise<void> {
      const { transactionalId, producerId, producerEpoch } = lost;
      const restarted = startExactlyOnce(job);
      await restarted.endsWith(1);
      expect(errorEntries(restarted)).toEqual([
        expect.stringMatching(
          new RegExp(
            `lost records .*Transaction ${transactionalId} \\(producer ${producerId}, epoch ${producerEpoch}\\) can't be committed any more .*transactionTimeout.*--fresh`,
          ),
        ),
      ]);
      // Nothing ran that would hide it.
      expect(restarted.matches(/Attempt \d+ begins/)).toEqual([]);
    }

    /** Ends what is open in a topic's partition, as a person would. */
    async function abortHanging(topic: string): Promise<void> {
      const place = ['--topic', topic, '--partition', '0'];
      const [, ...producers] = await runTransactionsTool(broker.brokers, ['describe-producers', ...place]);
      const startOffsets = producers.map((producer) => producer.trim().split(/\s+/).at(-1) ?? '');
      const startOffset = startOffsets.find((offset) => /^\d+$/.test(offset));
      if (startOffset === undefined) throw new Error(`Nothing is open: ${producers.join('; ')}.`);
      await runTransactionsTool(broker.brokers, ['abort', ...place, '--start-offset', startOffset]);
    }
  },
);
