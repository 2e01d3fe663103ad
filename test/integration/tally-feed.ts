import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished } from 'vitest';
import { createKafkaLogClient } from '../../src/log/kafka/kafka-log-client.js';
import type { LogClient } from '../../src/log/log-port.js';
import type { KafkaTools } from '../kafka-broker/kafka-tools.js';
import { sleep } from '../log/collecting-reader.js';
import { groupBy } from './group-by.js';
import type { Tally } from './jobs/tally.js';
import { MillraceProcess } from './millrace-process.js';

const job = fileURLToPath(new URL('./jobs/tally-feed.job.ts', import.meta.url));
export const feedPartitions = 6;
/** Of the feed and the job: a third of the default, so that silence is given up while a test can wait. */
export const requestTimeoutMs = 10_000;
/** Each key's numbers are in one partition: a multiple of the partitions. */
const keys = 96;
const feedTickMs = 20;
/** Of the feed's own appender: when the brokers are gone the feed waits, too. */
const feedBufferBytes = 1024 * 1024;

/**
 * The tally job on real brokers, and the feed of its input, which goes on while brokers come and go. The feed
 * connects to the brokers directly, the job by what `run` is given.
 */
export class TallyFeed {
  readonly input: string;
  readonly output: string;
  private readonly kafka: KafkaTools;
  private readonly options: TallyFeedOptions;
  private readonly client: LogClient;
  private isHurried = false;
  private isStopped = false;

  private constructor(kafka: KafkaTools, options: TallyFeedOptions) {
    this.kafka = kafka;
    this.options = options;
    this.input = `${options.name}-numbers`;
    this.output = `${options.name}-tallies`;
    this.client = createKafkaLogClient({ brokers: kafka.brokers, requestTimeoutMs });
    onTestFinished(() => this.client.close());
  }

  /** With its topics, which are empty. */
  static async create(kafka: KafkaTools, options: TallyFeedOptions): Promise<TallyFeed> {
    const feed = new TallyFeed(kafka, options);
    await feed.client.createTopic(feed.input, feedPartitions);
    await feed.client.createTopic(feed.output, feedPartitions);
    return feed;
  }

  /**
   * Writes all of the job's input at an even pace, and the rest of it at once when it is told to `hurry`. What
   * an outage holds up is made up for.
   */
  async write(): Promise<void> {
    const { fed, perSecond } = this.options;
    let failure: Error | undefined;
    const appender = this.client.openAppender({
      bufferBytes: feedBufferBytes,
      onWritable: () => {},
      onError: (error) => {
        failure = error;
      },
    });
    const startedMs = performance.now();
    for (let value = 0; value < fed && !this.isStopped; ) {
      const inPace = ((performance.now() - startedMs) * perSecond) / 1_000;
      const due = this.isHurried ? fed : Math.min(fed, inPace);
      for (; value < due && appender.isWritable; value++) {
        const record = { topic: this.input, partition: value % feedPartitions, key: null };
        const text = JSON.stringify({ key: value % keys, value });
        appender.append({ ...record, value: Buffer.from(text), timestamp: Date.now() });
      }
      if (failure !== undefined) throw failure;
      await sleep(feedTickMs);
    }
    if (!this.isStopped) await appender.flush();
    await appender.close();
  }

  hurry(): void {
    this.isHurried = true;
  }

  /** Ends the writing where it stands. */
  stop(): void {
    this.isStopped = true;
  }

  run(bootstrap: readonly string[]): MillraceProcess {
    const { fed, generated } = this.options;
    const stateFolder = mkdtempSync(join(tmpdir(), 'millrace-tally-feed-'));
    onTestFinished(() => rmSync(stateFolder, { recursive: true, force: true }));
    const args = ['--job', job, '--brokers', bootstrap.join(','), '--state-dir', stateFolder];
    // A thread of a busy machine must not pass for one that hangs: it is the brokers that fail here.
    const pace = ['--parallelism', '2', '--checkpoint-interval', '200ms', '--heartbeat-timeout', '60s'];
    const patience = ['--kafka-property', `request.timeout.ms=${requestTimeoutMs}`];
    return new MillraceProcess([...args, ...pace, ...patience], {
      env: {
        TEST_INPUT: this.input,
        TEST_OUTPUT: this.output,
        TEST_PARTITIONS: String(feedPartitions),
        TEST_PER_PARTITION: String(fed / feedPartitions),
        TEST_KEYS: String(keys),
        TEST_GENERATED: String(generated?.count ?? 0),
        TEST_GENERATED_RATE: String(generated?.perSecond ?? 1),
        TEST_PADDING_BYTES: String(generated?.paddingBytes ?? 0),
      },
    });
  }

  /** Every tally once, each key's in their order: as Java's consumer of committed records sees it. */
  async expectExactOutput(): Promise<void> {
    const records = await this.kafka.consoleConsumer(this.output);
    const tallies = records.map(({ value }) => JSON.parse(value ?? 'null') as Tally);
    expect(groupBy(tallies, ({ key }) => key)).toEqual(this.expectedTallies());
  }

  /** No reader waits behind a transaction that nobody will end. */
  async expectNoOpenTransaction(): Promise<void> {
    const transactions = await this.kafka.describeTransactions();
    expect(transactions.length).toBeGreaterThan(0);
    const open = transactions.filter(({ state }) => !/^(Empty|CompleteCommit|CompleteAbort)$/.test(state));
    expect(open).toEqual([]);
  }

  /** Computed one number after the other, of each of the two sources. */
  private expectedTallies(): Map<number, Tally[]> {
    const { fed, generated } = this.options;
    const tallies = new Map<number, Tally[]>();
    const add = (key: number, value: number): void => {
      const ofKey = tallies.get(key) ?? [];
      tallies.set(key, ofKey);
      ofKey.push({ key, count: ofKey.length + 1, sum: (ofKey.at(-1)?.sum ?? 0) + value });
    };
    for (let value = 0; value < fed; value++) add(value % keys, value);
    for (let value = 0; value < (generated?.count ?? 0); value++) add(keys + (value % keys), value);
    return tallies;
  }
}

export interface TallyFeedOptions {
  /** Begins the topics' names. */
  readonly name: string;
  /** Numbers in the input topic, a multiple of its partitions; more than `perSecond` has time for until `hurry`. */
  readonly fed: number;
  readonly perSecond: number;
  /** Numbers that need no broker to come, and what each of their tallies weighs on its way out. */
  readonly generated?: {
    readonly count: number;
    readonly perSecond: number;
    readonly paddingBytes: number;
  };
}
