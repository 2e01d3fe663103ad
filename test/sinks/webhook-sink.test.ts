import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nodeClock } from '../../src/host/node-clock.js';
import { InMemoryLogClient } from '../../src/log/in-memory/in-memory-log-client.js';
import { InMemoryLogCluster } from '../../src/log/in-memory/in-memory-log-cluster.js';
import { checkpointId } from '../../src/protocol/ids.js';
import type { SinkWriter } from '../../src/sinks/sink.js';
import { type WebhookSinkOptions, webhookSink } from '../../src/sinks/webhook/webhook-sink.js';
import { SimulatedRandom } from '../simulation/simulated-random.js';
import { SinkContextOfTest } from './sink-context.js';
import { WebhookEndpoint } from './webhook-endpoint.js';

let endpoint: WebhookEndpoint;
let surroundings: SinkContextOfTest;
let writers: SinkWriter<number>[];
beforeEach(async () => {
  endpoint = await WebhookEndpoint.start();
  surroundings = new SinkContextOfTest();
  writers = [];
});
afterEach(async () => {
  await Promise.all(writers.map((writer) => writer.close()));
  await endpoint.stop();
});

function open(options: Partial<WebhookSinkOptions<number>> = {}, log?: () => Promise<InMemoryLogClient>) {
  const sink = webhookSink<number>({ url: endpoint.url, retryDelay: 1, ...options });
  const context = surroundings.context({ subtask: 1, parallelism: 2, ...(log === undefined ? {} : { log }) });
  // Requests take real time.
  const writer = sink.createWriter({ ...context, clock: nodeClock });
  writers.push(writer);
  return writer;
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
const ascending = (values: readonly unknown[]): unknown[] =>
  [...values].sort((a, b) => Number(a) - Number(b));

describe('a webhook sink', () => {
  it('has sent every element before its barrier when the checkpoint is acknowledged', async () => {
    const writer = open();
    for (const n of numbers(50)) writer.write(n, 0);
    expect(await writer.prepare(checkpointId(1))).toEqual([]);
    expect(ascending(endpoint.taken)).toEqual(numbers(50));
    expect(endpoint.requests[0]?.headers['content-type']).toBe('application/json');
  });

  it('has so many requests on their way at once and no more, and holds its task meanwhile', async () => {
    const writer = open({ maxInFlight: 3 });
    endpoint.answer = () => ({ status: 200, afterMs: 20 });
    let written = 0;
    while (surroundings.availability.isAvailable) writer.write(written++, 0);
    expect(written).toBe(6);
    await writer.prepare(checkpointId(1));
    expect(surroundings.availability.isAvailable).toBe(true);
    expect(endpoint.atOnceMax).toBe(3);
  });

  it('gathers batches, in order, and does not wait long for one that is not full', async () => {
    const writer = open({ batchSize: 4, maxInFlight: 1, linger: '5ms' });
    for (const n of numbers(10)) writer.write(n, 0);
    await expect
      .poll(() => endpoint.taken)
      .toEqual([
        [0, 1, 2, 3],
        [4, 5, 6, 7],
        [8, 9],
      ]);
  });

  it('tries again what may pass: hung up, timed out, 5xx, 429', async () => {
    const answers = [
      { status: 'hang-up' as const },
      { status: 200, afterMs: 500 },
      { status: 503 },
      { status: 429, headers: { 'retry-after': '0.01' } },
    ];
    endpoint.answer = (index) => answers[index];
    const writer = open({ timeout: '100ms', idempotencyKey: (n) => `number ${n}` });
    writer.write(7, 0);
    await writer.prepare(checkpointId(1));
    expect(endpoint.requests).toHaveLength(5);
    expect(new Set(endpoint.requests.map(({ headers }) => headers['idempotency-key']))).toEqual(
      new Set(['number 7']),
    );
  });

  it('closed, gives up what it is trying to send, at once', async () => {
    endpoint.answer = () => ({ status: 503, headers: { 'retry-after': '25' } });
    const writer = open();
    writer.write(1, 0);
    await expect.poll(() => endpoint.requests).toHaveLength(1);
    await writer.close();
    expect(endpoint.requests).toHaveLength(1);
    expect(surroundings.failures).toEqual([]);
  });

  it('gives a batch the same key whenever it is sent', async () => {
    for (const _ of [1, 2]) {
      const writer = open({ batchSize: 3, idempotencyKey: String });
      for (const n of numbers(6)) writer.write(n, 0);
      await writer.prepare(checkpointId(1));
    }
    const keys = endpoint.requests.map(({ headers }) => headers['idempotency-key']);
    expect(new Set(keys).size).toBe(2);
    expect(keys[0]).toMatch(/^[0-9a-f]{64}$/);
  });

  it('fails its attempt when the tries are used up, naming URL, status, operator and subtask', async () => {
    endpoint.answer = () => ({ status: 500, text: 'out of order' });
    const writer = open({ retries: 2 });
    writer.write(1, 0);
    await expect(writer.prepare(checkpointId(1))).rejects.toMatchObject({
      action: 'restart',
      message: expect.stringMatching(
        /^Sink "out" \(subtask 1\): POST http:.*\/hook answered 500 .*\(out of order\), after 3 tries/,
      ),
    });
    expect(surroundings.failures).toHaveLength(1);
  });

  it('says why an endpoint can’t be reached', async () => {
    const writer = open({ retries: 0 });
    await endpoint.stop();
    writer.write(1, 0);
    await expect(writer.prepare(checkpointId(1))).rejects.toThrow(/could not be sent: connect ECONNREFUSED/);
  });

  it('fails the job for an answer that no other try would change, or puts the request aside', async () => {
    endpoint.answer = (_, body) => (body === 2 ? { status: 400, text: 'no twos' } : undefined);
    const failing = open();
    failing.write(2, 0);
    await expect(failing.prepare(checkpointId(1))).rejects.toMatchObject({
      action: 'fail-job',
      message: expect.stringContaining('answered 400 Bad Request (no twos)'),
    });
    expect(endpoint.requests).toHaveLength(1);

    const random = new SimulatedRandom(1);
    const cluster = new InMemoryLogCluster({ clock: nodeClock, random });
    cluster.createTopic('refused', 1);
    const tolerant = open(
      { onRejected: { deadLetter: 'refused' } },
      async () => new InMemoryLogClient(cluster),
    );
    for (const n of [1, 2, 3]) tolerant.write(n, 0);
    await tolerant.prepare(checkpointId(1));
    expect(ascending(endpoint.taken)).toEqual([1, 3]);
    const [letter, ...others] = cluster.committedRecords('refused');
    expect(others).toEqual([]);
    expect(String(letter?.value)).toBe('2');
  });

  it('refuses wrong options, all in one message', () => {
    expect(() => webhookSink({ url: 'ftp://x', batchSize: 0, retries: -1, timeout: 0 })).toThrow(
      /url is "ftp:\/\/x".*; batchSize is 0.*; retries is -1.*; timeout is 0/,
    );
  });
});
