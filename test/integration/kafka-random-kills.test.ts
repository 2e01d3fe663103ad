import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createKafkaLogClient } from '../../src/log/kafka/kafka-log-client.js';
import { type KafkaBroker, kafkaAvailable, startKafkaBroker } from '../kafka-broker/kafka-broker.js';
import type { TransactionListing } from '../kafka-broker/kafka-tools.js';
import { sleep } from '../log/collecting-reader.js';
import { SimulatedRandom } from '../simulation/simulated-random.js';
import { startExactlyOnce } from './exactly-once-job.js';
import { groupBy } from './group-by.js';
import { GrowingTopic } from './growing-topic.js';
import type { NumberedRecord, Result } from './jobs/numbered-record.js';
import type { MillraceProcess } from './millrace-process.js';

const input = 'growing';
/** Of each job with state; MILLRACE_KILLS gives another number. */
const kills = Number(process.env.MILLRACE_KILLS ?? 50);
/** Of the job whose parallelism changes: every other time it runs with three subtasks. */
const rescalingKills = 2 * Math.ceil(kills / 12);
/** A second's worth of input for each kill. */
const recordsOfKill = 400;
/** A job that has found nothing to read for so long gets so many records: one for each key. */
const hungryMs = 3_000;
const recordsOfFeeding = 40;
/** One kill in three comes this soon after the start of the process: in its start, its recovery, its first records. */
const startKillMaxMs = 1_000;
/** The others come this soon after the first record: some five checkpoints fit in. */
const runningKillMaxMs = 500;
/** A restart that waited for a transaction's time-out, of 15 minutes, would show here. */
const firstRecordMaxMs = 60_000;

/** The console consumer ends when nothing came for so long; it joins a group and finds its topics first. */
const joinMaxMs = 15_000;

const firstRecordLine = /First record processed/;

/** One job over all its kills; its output topic, transactional id prefix and state folder have its name. */
interface KilledJob {
  readonly name: string;
  readonly isKeyed: boolean;
  readonly kills: number;
  /** Runs count from 0. */
  parallelismOf(run: number): number;
  runs: number;
}

const withTwo: KilledJob = { name: 'two', isKeyed: true, kills, parallelismOf: () => 2, runs: 0 };
const withThree: KilledJob = { name: 'three', isKeyed: true, kills, parallelismOf: () => 3, runs: 0 };
const rescaled: KilledJob = {
  name: 'three-then-two',
  isKeyed: false,
  kills: rescalingKills,
  parallelismOf: (run) => (run % 2 === 0 ? 3 : 2),
  runs: 0,
};
const jobs = [withTwo, withThree, rescaled];

describe.skipIf(!kafkaAvailable() || process.env.KAFKA_BROKERS !== undefined)('kill -9 at random', () => {
  let broker: KafkaBroker;
  let topic: GrowingTopic;
  let folder: string;
  let extraRecords = 0;
  /** What a third subtask had open when it was killed, for each time it was. */
  const openOfThird: TransactionListing[][] = [];
  /** And what of that was open when two had gone on with its work. */
  const openAfterwards: TransactionListing[] = [];

  beforeAll(async () => {
    broker = await startKafkaBroker();
    folder = mkdtempSync(join(tmpdir(), 'millrace-random-kills-'));
    topic = await GrowingTopic.create(
      broker.brokers,
      input,
      (2 * kills + rescalingKills / 2) * recordsOfKill,
    );
    const client = createKafkaLogClient({ brokers: broker.brokers });
    for (const { name } of jobs) await client.createTopic(name, topic.partitions);
    await client.close();
  });
  afterAll(async () => {
    await topic?.close();
    await broker?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  // Side by side, since a job that starts mostly waits. Small steps of input come all the while.
  it(`${kills} times with two subtasks and as often with three leaves jobs that finish`, {
    timeout: 120_000 + 10_000 * kills,
  }, async () => {
    const seed = Number(process.env.MILLRACE_SEED ?? Date.now() % 1_000_000);
    console.log(`Seed ${seed}; MILLRACE_SEED=${seed} repeats its delays.`);
    const random = new SimulatedRandom(seed);
    const startedMs = performance.now();
    await Promise.all(jobs.map((job) => killAgainAndAgain(job, random.fork())));
    console.log(`All kills took ${Math.round(performance.now() - startedMs)} ms.`);
    await topic.finish();
    await Promise.all(jobs.map((job) => run(job).endsWith(0)));
  });

  it('loses, doubles and reorders nothing, and keeps the state of keys', { timeout: 120_000 }, async () => {
    const pattern = new RegExp(jobs.map(({ name }) => name).join('|'));
    const seen = await broker.consoleConsumer(pattern, { idleTimeoutMs: joinMaxMs });
    const results = seen.map(({ value }) => JSON.parse(value ?? 'null') as Result);
    const expected = topic.expected();
    for (const job of jobs) {
      const ofJob = results.filter((result) => result.job === job.name);
      const byKey = groupBy(ofJob, ({ key }) => key);
      for (const [key, records] of expected) {
        expect(byKey.get(key), `${job.name}, ${key}`).toEqual(resultsOf(job, records));
      }
      expect(ofJob).toHaveLength(topic.records);
    }
  });

  it('leaves nothing of a third subtask open once two go on with its work', () => {
    expect(openOfThird).toHaveLength(rescalingKills / 2);
    expect(openAfterwards).toEqual([]);
    // There was something to shut out.
    expect(openOfThird.flat().length).toBeGreaterThan(0);
  });

  it('leaves no transaction open', { timeout: 60_000 }, async () => {
    const transactions = await broker.describeTransactions();
    expect(transactions.length).toBeGreaterThan(0);
    expect(transactions.filter(isOpen)).toEqual([]);
  });

  async function killAgainAndAgain(job: KilledJob, random: SimulatedRandom): Promise<void> {
    for (let kill = 1; kill <= job.kills; kill++) {
      growWithTheKills();
      const isOfThree = job === rescaled && job.parallelismOf(job.runs) === 3;
      const running = run(job);
      const isEarly = job !== rescaled && kill % 3 === 0;
      if (!isEarly) await untilFirstRecord(running);
      // It has to have something to write, for it to have a transaction open.
      if (isOfThree) growForTheThird();
      if (job === rescaled && !isOfThree) openAfterwards.push(...(await openTransactionsOfThird()));
      await sleep(Math.round(random.next() * (isEarly ? startKillMaxMs : runningKillMaxMs)));
      running.kill('SIGKILL');
      expect(await running.end(), running.log.join('\n')).toEqual({ code: null, signal: 'SIGKILL' });
      if (isOfThree) openOfThird.push(await openTransactionsOfThird());
    }
  }

  /** What was due for this run, the run before may have had: then there is a little more. */
  async function untilFirstRecord(running: MillraceProcess): Promise<void> {
    const feeding = setInterval(() => {
      extraRecords += recordsOfFeeding;
      growWithTheKills();
    }, hungryMs);
    try {
      await running.untilLine(firstRecordLine, firstRecordMaxMs);
    } finally {
      clearInterval(feeding);
    }
  }

  function run(job: KilledJob): MillraceProcess {
    const { name, isKeyed } = job;
    return startExactlyOnce({
      brokers: broker.brokers,
      stateFolder: join(folder, name),
      input,
      partitions: topic.partitions,
      recordsOfPartition: topic.recordsOfPartition,
      output: name,
      isKeyed,
      parallelism: job.parallelismOf(job.runs++),
    });
  }

  /** So that there is input for the slowest job's last kill. */
  function growWithTheKills(): void {
    const slowest = Math.min(...jobs.map((job) => job.runs / job.kills));
    topic.growTo(Math.ceil((slowest * kills + 1) * recordsOfKill) + extraRecords);
  }

  /** Beside what the kills are due: else the slowest job, which all input waits for, would wait for input. */
  function growForTheThird(): void {
    extraRecords += recordsOfKill;
    growWithTheKills();
  }

  async function openTransactionsOfThird(): Promise<TransactionListing[]> {
    const ofThird = new RegExp(`^${rescaled.name}-2-\\d+$`);
    const transactions = await broker.describeTransactions();
    return transactions.filter((each) => isOpen(each) && ofThird.test(each.transactionalId));
  }
});

/** What a key's records should have become, in their order. */
function resultsOf({ name, isKeyed }: KilledJob, records: readonly NumberedRecord[]): readonly Result[] {
  return records.map((record, i) => ({ ...record, job: name, ...(isKeyed && { count: i + 1 }) }));
}

function isOpen({ state }: TransactionListing): boolean {
  return !['Empty', 'CompleteCommit', 'CompleteAbort'].includes(state);
}
