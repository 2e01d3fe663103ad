import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { expect } from 'vitest';
import type { CheckpointMetadata } from '../../src/checkpoint/checkpoint-metadata.js';
import { compareActions } from '../../src/demo/action-comparison.js';
import { demoGenerator, demoInputTopic, demoOutputTopic, demoPartitions } from '../../src/demo/demo-input.js';
import { fillTopic } from '../../src/demo/fill-topic.js';
import { Oracle } from '../../src/demo/oracle.js';
import type { TriggeredAction } from '../../src/demo/triggered-action.js';
import { nodeClock } from '../../src/host/node-clock.js';
import { createKafkaLogClient } from '../../src/log/kafka/kafka-log-client.js';
import type { PreparedTransaction } from '../../src/log/log-transactions.js';
import { type KafkaBroker, startKafkaBroker } from '../kafka-broker/kafka-broker.js';
import { KafkaProxy } from './kafka-proxy.js';
import { MillraceProcess } from './millrace-process.js';

/**
 * The demo on a real broker, behind a proxy, with its input there already. Several runs of it may follow
 * one another: each is judged by what was added to the output since `beginOutput`.
 */
export class KafkaDemo {
  readonly broker: KafkaBroker;
  readonly proxy: KafkaProxy;
  readonly expected: ReadonlyMap<string, readonly TriggeredAction[]>;
  private readonly folder = mkdtempSync(join(tmpdir(), 'millrace-kafka-demo-'));
  private outputFrom: readonly number[] = [];

  private constructor(
    broker: KafkaBroker,
    proxy: KafkaProxy,
    expected: ReadonlyMap<string, readonly TriggeredAction[]>,
  ) {
    this.broker = broker;
    this.proxy = proxy;
    this.expected = expected;
  }

  static async start(events: number): Promise<KafkaDemo> {
    const proxy = await KafkaProxy.listen();
    const broker = await startKafkaBroker({
      proxyPort: proxy.port,
      properties: {
        // Small answers, so that a slowed reading is an even one.
        'fetch.max.bytes': String(64 * 1024),
        'transaction.abort.timed.out.transaction.cleanup.interval.ms': '200',
      },
    });
    proxy.forwardTo(broker.proxiedAddress ?? '');
    await fillInput(broker.brokers, events);
    return new KafkaDemo(broker, proxy, expectedActions(events));
  }

  async stop(): Promise<void> {
    await this.proxy.close();
    await this.broker.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  stateFolder(name: string): string {
    return join(this.folder, name);
  }

  /** The demo job in a process of its own, connected through the proxy. */
  run(stateFolder: string, options: readonly string[] = []): MillraceProcess {
    return new MillraceProcess([
      ...['--parallelism', '2', '--brokers', this.proxy.address, '--state-dir', stateFolder],
      ...['--checkpoint-interval', '100ms', ...options],
    ]);
  }

  /** What was written to the output so far is none of the next run's. */
  async beginOutput(): Promise<void> {
    const ends = Array.from({ length: demoPartitions }, () => 0);
    const admin = new Kafka({ brokers: this.broker.brokers, logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    try {
      if ((await admin.listTopics()).includes(demoOutputTopic)) {
        for (const { partition, high } of await admin.fetchTopicOffsets(demoOutputTopic)) {
          ends[partition] = Number(high);
        }
      }
    } finally {
      await admin.disconnect();
    }
    this.outputFrom = ends;
  }

  /** Every expected action once, each user's in their order: as Java's consumer of committed records sees it. */
  async expectOutputEqualsOracle(): Promise<void> {
    const written = await this.readOutput();
    expect(compareActions(this.expected, written)).toMatchObject({
      examples: [],
      missing: 0,
      unexpected: 0,
      usersOutOfOrder: 0,
    });
    expect(written).toEqual(this.expected);
  }

  /** No reader waits behind a transaction that nobody will end. */
  async expectNoOpenTransaction(): Promise<void> {
    const transactions = await this.broker.describeTransactions();
    expect(transactions.length).toBeGreaterThan(0);
    for (const { transactionalId, state } of transactions) {
      expect(`${transactionalId} ${state}`).toMatch(/ (Empty|CompleteCommit|CompleteAbort)$/);
    }
  }

  /** Committed actions by user, in the order of their partition. */
  async readOutput(): Promise<Map<string, TriggeredAction[]>> {
    const written = new Map<string, TriggeredAction[]>();
    for (const record of await this.broker.consoleConsumer(demoOutputTopic, { idleTimeoutMs: 4_000 })) {
      if (record.offset < (this.outputFrom[record.partition] ?? 0)) continue;
      const action = JSON.parse(record.value ?? 'null') as TriggeredAction;
      expect(record.key).toBe(action.user_id);
      const ofUser = written.get(action.user_id);
      if (ofUser === undefined) written.set(action.user_id, [action]);
      else ofUser.push(action);
    }
    return written;
  }
}

/** What the newest durable checkpoint says, read as another process sees it. */
export function newestMetadata(stateFolder: string): CheckpointMetadata | undefined {
  const folder = join(stateFolder, 'checkpoints');
  for (;;) {
    if (!existsSync(folder)) return undefined;
    const ids = readdirSync(folder).map((name) => Number(/^chk-(\d+)\.json$/.exec(name)?.[1] ?? -1));
    const newest = Math.max(-1, ...ids);
    if (newest < 0) return undefined;
    try {
      const text = readFileSync(join(folder, `chk-${newest}.json`), 'utf8');
      return JSON.parse(text.slice(text.indexOf('\n') + 1)) as CheckpointMetadata;
    } catch (error) {
      // A newer one has taken its place.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
}

export function recordedTransactions(stateFolder: string): readonly PreparedTransaction[] {
  const metadata = newestMetadata(stateFolder);
  return metadata?.subtasks.flatMap(({ snapshot }) => snapshot.committables ?? []) ?? [];
}

async function fillInput(brokers: readonly string[], events: number): Promise<void> {
  const client = createKafkaLogClient({ brokers });
  await fillTopic(client, { topic: demoInputTopic, events, generator: demoGenerator(), clock: nodeClock });
  await client.close();
}

function expectedActions(events: number): ReadonlyMap<string, readonly TriggeredAction[]> {
  const oracle = new Oracle();
  const generator = demoGenerator();
  for (let index = 0; index < events; index++) oracle.add(generator.eventAt(index));
  return oracle.finish();
}
