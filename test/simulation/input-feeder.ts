import type { LogClient, LogRecord } from '../../src/log/log-port.js';
import type { LedgerEvent } from './ledger-event.js';
import type { PartitionInput } from './ledger-input.js';
import type { SimulatedRandom } from './simulated-random.js';
import type { SimulatedWorld } from './simulated-world.js';

/**
 * Fills the input topics, a few events at a time, plainly, in transactions, and with aborted transactions in
 * between: so positions have something to skip.
 */
export class InputFeeder {
  isDone = false;
  private readonly world: SimulatedWorld;
  private readonly random: SimulatedRandom;
  private transactions = 0;

  constructor(world: SimulatedWorld) {
    this.world = world;
    this.random = world.random.fork();
  }

  /** Over `durationMs` of virtual time. */
  async feed(inputs: readonly PartitionInput[], durationMs: number): Promise<void> {
    const client = this.world.log.openCalmClient();
    await Promise.all(inputs.map((input) => this.feedPartition(client, input, durationMs)));
    this.isDone = true;
  }

  private async feedPartition(client: LogClient, input: PartitionInput, durationMs: number): Promise<void> {
    const pauseMs = (2 * durationMs) / Math.max(1, input.events.length);
    const left = [...input.events];
    while (left.length > 0) {
      await this.pause(this.random.next() * pauseMs);
      if (this.random.chance(0.15)) await this.inTransaction(client, input, abandonedEvents, 'abort');
      const events = left.splice(0, 1 + this.random.integer(this.world.scenario.batchEventsMax));
      if (this.random.chance(0.3)) await this.inTransaction(client, input, events, 'commit');
      else await this.plainly(client, input, events);
    }
  }

  private async plainly(
    client: LogClient,
    input: PartitionInput,
    events: readonly LedgerEvent[],
  ): Promise<void> {
    const appender = client.openAppender(silently);
    for (const event of events) appender.append(this.recordOf(input, event));
    await appender.close();
  }

  private async inTransaction(
    client: LogClient,
    input: PartitionInput,
    events: readonly LedgerEvent[],
    outcome: 'commit' | 'abort',
  ): Promise<void> {
    this.transactions += 1;
    const transaction = await client.transactions.begin(`feed-${this.transactions}`, {
      ...silently,
      transactionTimeoutMs: 60_000,
    });
    for (const event of events) transaction.append(this.recordOf(input, event));
    const prepared = await transaction.prepare();
    await this.pause(this.random.next() * 20);
    if (outcome === 'abort') await transaction.abort();
    else if (prepared !== undefined) await client.transactions.commit(prepared);
  }

  private recordOf({ topic, partition }: PartitionInput, event: LedgerEvent): LogRecord {
    return {
      topic,
      partition,
      key: Buffer.from(event.key),
      value: Buffer.from(JSON.stringify(event)),
      timestamp: this.world.clock.epochMs(),
    };
  }

  private pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.world.afterMs(delayMs, resolve));
  }
}

const abandonedEvents: readonly LedgerEvent[] = [
  { key: 'never-committed', number: 0, at: 0, pieces: 1, padding: '' },
];

const silently = {
  onWritable: () => {},
  onError: (error: Error) => {
    throw error;
  },
  bufferBytes: 1_000_000,
};
