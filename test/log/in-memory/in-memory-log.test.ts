import { describe, expect, it } from 'vitest';
import type { LogRequest } from '../../../src/log/client/log-requests.js';
import { InMemoryLogClient } from '../../../src/log/in-memory/in-memory-log-client.js';
import { InMemoryLogCluster } from '../../../src/log/in-memory/in-memory-log-cluster.js';
import {
  type FaultRates,
  type InMemoryLogFaults,
  RandomLogFaults,
  type RequestFate,
} from '../../../src/log/in-memory/in-memory-log-faults.js';
import type { LogRecord } from '../../../src/log/log-port.js';
import type { LogTransaction, PreparedTransaction } from '../../../src/log/log-transactions.js';
import { SimulatedClock } from '../../simulation/simulated-clock.js';
import { SimulatedRandom } from '../../simulation/simulated-random.js';
import { untilSettled } from '../../simulation/until-settled.js';
import { CollectingReader } from '../collecting-reader.js';

class Simulation {
  readonly clock: SimulatedClock;
  readonly cluster: InMemoryLogCluster;

  constructor(seed: number, faults?: (random: SimulatedRandom) => InMemoryLogFaults) {
    const random = new SimulatedRandom(seed);
    this.clock = new SimulatedClock(random.fork());
    this.cluster = new InMemoryLogCluster({
      clock: this.clock,
      random,
      ...(faults === undefined ? {} : { faults: faults(random) }),
    });
    this.cluster.createTopic('t', 2);
  }

  client(): InMemoryLogClient {
    return new InMemoryLogClient(this.cluster);
  }

  /** Runs virtual time until the promise settles. */
  await<T>(promise: Promise<T>, limitMs = 1_000_000): Promise<T> {
    return untilSettled(this.clock, promise, this.clock.monotonicMs() + limitMs);
  }

  async begin(client: InMemoryLogClient, id: string, transactionTimeoutMs = 60_000): Promise<LogTransaction> {
    return this.await(client.transactions.begin(id, { ...appenderOptions, transactionTimeoutMs }));
  }

  async prepare(
    client: InMemoryLogClient,
    id: string,
    value: string,
    timeoutMs?: number,
  ): Promise<PreparedTransaction> {
    const transaction = await this.begin(client, id, timeoutMs);
    transaction.append(record(value));
    const prepared = await this.await(transaction.prepare());
    if (prepared === undefined) throw new Error('The transaction was empty.');
    return prepared;
  }

  values(): string[] {
    return this.cluster.committedRecords('t').map((each) => each.value?.toString() ?? 'null');
  }
}

const appenderOptions = { onWritable: () => {}, onError: () => {}, bufferBytes: 1_000_000 };

function record(value: string, partition = 0): LogRecord {
  return { topic: 't', partition, key: null, value: Buffer.from(value), timestamp: 0 };
}

/** Lets everything through but the first sending of one kind of request. */
function onFirst(kind: LogRequest['kind'], fate: RequestFate): InMemoryLogFaults {
  let isDone = false;
  return {
    fateOf(request) {
      if (request.kind !== kind || isDone) return { kind: 'answered', requestDelayMs: 1, replyDelayMs: 1 };
      isDone = true;
      return fate;
    },
    arrivesAfterCrash: () => true,
    markerDelayMs: () => 1,
  };
}

describe('Reading uncommitted', () => {
  it('shows what is open and what was aborted, up to the end of what is written', async () => {
    const simulation = new Simulation(5);
    const client = simulation.client();
    const aborted = await simulation.begin(client, 'aborted');
    aborted.append(record('aborted'));
    await simulation.await(aborted.flush());
    await simulation.await(aborted.abort());
    await simulation.clock.advance(1_000);
    const open = await simulation.begin(client, 'open');
    open.append(record('open'));
    await simulation.await(open.flush());
    const end = [{ topic: 't', partition: 0, spec: { kind: 'end' } }] as const;
    // The aborted record, its marker, and the open record.
    expect(await simulation.await(client.resolveOffsets(end, 'read_uncommitted'))).toEqual([3]);
    expect(await simulation.await(client.resolveOffsets(end))).toEqual([2]);
    const unfiltered = new CollectingReader(
      client,
      [{ topic: 't', partition: 0, position: 0 }],
      undefined,
      'read_uncommitted',
    );
    const filtered = new CollectingReader(client, [{ topic: 't', partition: 0, position: 0 }]);
    await simulation.clock.advance(5_000);
    unfiltered.drain();
    filtered.drain();
    expect(unfiltered.valuesOf(0)).toEqual(['aborted', 'open']);
    expect(filtered.valuesOf(0)).toEqual([]);
  });
});

describe('the in-memory log', () => {
  it('appends once what is sent twice because the answer was lost', async () => {
    const simulation = new Simulation(1, () =>
      onFirst('append', { kind: 'reply-lost', requestDelayMs: 1, replyDelayMs: 1 }),
    );
    const appender = simulation.client().openAppender(appenderOptions);
    appender.append(record('once'));
    await simulation.await(appender.flush());
    expect(simulation.values()).toEqual(['once']);
  });

  it('commits once what is committed twice because the answer was lost', async () => {
    const simulation = new Simulation(1, () =>
      onFirst('end-transaction', { kind: 'reply-lost', requestDelayMs: 1, replyDelayMs: 1 }),
    );
    const client = simulation.client();
    const prepared = await simulation.prepare(client, 'id', 'once');
    await simulation.await(client.transactions.commit(prepared));
    await simulation.clock.advance(10);
    expect(simulation.values()).toEqual(['once']);
    expect(simulation.cluster.openTransactions()).toEqual([]);
  });

  it('gives up after the delivery time-out when nothing gets through', async () => {
    const simulation = new Simulation(1, (random) => new RandomLogFaults(random, { requestLoss: 1 }));
    const errors: Error[] = [];
    const appender = simulation
      .client()
      .openAppender({ ...appenderOptions, onError: (error) => void errors.push(error) });
    appender.append(record('never'));
    await expect(simulation.await(appender.flush())).rejects.toMatchObject({ code: 'delivery-timeout' });
    expect(errors).toHaveLength(1);
    expect(simulation.values()).toEqual([]);
    expect(simulation.clock.monotonicMs()).toBeGreaterThanOrEqual(120_000);
  });

  it('aborts a transaction at its time-out, prepared or not, and then refuses its commit', async () => {
    const simulation = new Simulation(1);
    const client = simulation.client();
    const prepared = await simulation.prepare(client, 'id', 'lost', 5_000);
    expect(simulation.cluster.openTransactions()).toMatchObject([
      { transactionalId: 'id', phase: 'ongoing' },
    ]);
    await simulation.clock.advance(5_100);
    expect(simulation.cluster.openTransactions()).toEqual([]);
    await expect(simulation.await(client.transactions.commit(prepared))).rejects.toMatchObject({
      code: 'transaction-lost',
    });
    expect(simulation.values()).toEqual([]);
  });

  it('holds back what follows an open transaction in a partition, as the last stable offset does', async () => {
    const simulation = new Simulation(1);
    const client = simulation.client();
    const prepared = await simulation.prepare(client, 'id', 'first');
    const appender = client.openAppender(appenderOptions);
    appender.append(record('second'));
    await simulation.await(appender.flush());
    expect(simulation.values()).toEqual([]);
    await simulation.await(client.transactions.commit(prepared));
    await simulation.clock.advance(10);
    expect(simulation.values()).toEqual(['first', 'second']);
    // The commit marker has taken an offset of its own.
    expect(
      await simulation.await(client.resolveOffsets([{ topic: 't', partition: 0, spec: { kind: 'end' } }])),
    ).toEqual([3]);
  });

  it('settles nothing for a crashed client, and applies what still arrives of it', async () => {
    const simulation = new Simulation(1, () =>
      onFirst('end-transaction', { kind: 'answered', requestDelayMs: 50, replyDelayMs: 1 }),
    );
    const client = simulation.client();
    const prepared = await simulation.prepare(client, 'id', 'late');
    let isSettled = false;
    void client.transactions.commit(prepared).finally(() => {
      isSettled = true;
    });
    await simulation.clock.advance(10);
    client.crash();
    expect(simulation.values()).toEqual([]);
    await simulation.clock.advance(200);
    expect(simulation.values()).toEqual(['late']);
    expect(isSettled).toBe(false);
  });

  it('lets a begin that arrives late abort what its successor has prepared, as Kafka does', async () => {
    const simulation = new Simulation(1, () =>
      onFirst('begin-transaction', { kind: 'answered', requestDelayMs: 100, replyDelayMs: 1 }),
    );
    const crashed = simulation.client();
    void crashed.transactions.begin('id', { ...appenderOptions, transactionTimeoutMs: 60_000 });
    await simulation.clock.advance(1);
    crashed.crash();
    const successor = simulation.client();
    const prepared = await simulation.prepare(successor, 'id', 'lost');
    await simulation.clock.advance(200);
    await expect(simulation.await(successor.transactions.commit(prepared))).rejects.toMatchObject({
      code: 'transaction-lost',
    });
  });

  it('leaves nothing to happen once its clients are closed', async () => {
    const simulation = new Simulation(1);
    const client = simulation.client();
    const reader = client.openReader({ prefetchBytes: 1_000_000, onAvailable: () => {}, onError: () => {} });
    reader.addPartition({ topic: 't', partition: 0 }, 0, undefined);
    await simulation.clock.advance(5_000);
    await client.close();
    await simulation.clock.advance(5_000);
    expect(await simulation.clock.step()).toBe(false);
  });

  it('answers the same for the same seed, whatever the faults', async () => {
    const rates: Partial<FaultRates> = { requestLoss: 0.1, replyLoss: 0.1, slowness: 0.2 };
    const run = async (seed: number): Promise<unknown> => {
      const simulation = new Simulation(seed, (random) => new RandomLogFaults(random, rates));
      const writers = [simulation.client(), simulation.client()];
      const outcomes: unknown[] = [];
      for (let n = 0; n < 10; n++) {
        const writing = writers.map((writer, i) => writeAndCommit(writer, `id-${i}`, `${i}-${n}`));
        outcomes.push(await simulation.await(Promise.all(writing)));
      }
      await simulation.clock.advance(1_000);
      return { values: simulation.values(), atMs: simulation.clock.monotonicMs(), outcomes };
    };
    const first = await run(7);
    expect(await run(7)).toEqual(first);
    expect(await run(8)).not.toEqual(first);
    const { values } = first as { values: string[] };
    expect(values.filter((value) => value.startsWith('0-'))).toEqual(
      Array.from({ length: 10 }, (_, n) => `0-${n}`),
    );
    expect(values).toHaveLength(20);
  });
});

async function writeAndCommit(
  client: InMemoryLogClient,
  id: string,
  value: string,
): Promise<PreparedTransaction> {
  const transaction = await client.transactions.begin(id, {
    ...appenderOptions,
    transactionTimeoutMs: 60_000,
  });
  transaction.append(record(value));
  const prepared = await transaction.prepare();
  if (prepared === undefined) throw new Error('The transaction was empty.');
  await client.transactions.commit(prepared);
  return prepared;
}
