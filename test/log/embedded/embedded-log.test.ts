import { readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { MessageChannel, Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { EmbeddedLog } from '../../../src/log/embedded/embedded-log.js';
import { openEmbeddedLogClient } from '../../../src/log/embedded/embedded-log-client.js';
import type { LogClient } from '../../../src/log/log-port.js';
import { CollectingReader, sleep } from '../collecting-reader.js';
import {
  append,
  appenderOptions,
  newLogFolder,
  prepare,
  record,
  transactionOptions,
  withLog,
} from './log-folder.js';

async function valuesIn(client: LogClient, topic: string): Promise<(string | null)[]> {
  const [end] = await client.resolveOffsets([{ topic, partition: 0, spec: { kind: 'end' } }]);
  const reader = new CollectingReader(client, [
    { topic, partition: 0, position: 0, stopPosition: end as number },
  ]);
  return (await reader.untilSeen(end as number)).map((seen) => seen.value);
}

describe('the embedded log, opened again', () => {
  it('has its topics, records, group offsets and prepared transactions', async () => {
    const path = newLogFolder();
    const prepared = await withLog(path, async (client) => {
      await client.createTopic('t', 2);
      await append(client, [record('t', 'a'), record('t', 'b'), record('t', 'other', 1)]);
      await client.commitOffsets('g', [{ topic: 't', partition: 0, offset: 1 }]);
      return prepare(client, 'id', [record('t', 'c')]);
    });
    await withLog(path, async (client) => {
      expect(await client.describeTopics(['t'])).toEqual([{ topic: 't', partitions: [0, 1] }]);
      expect(await valuesIn(client, 't')).toEqual(['a', 'b']);
      expect(
        await client.resolveOffsets([
          { topic: 't', partition: 0, spec: { kind: 'committed', groupId: 'g', fallback: 'end' } },
        ]),
      ).toEqual([1]);
      await client.transactions.commit(prepared);
      await append(client, [record('t', 'd')]);
      expect(await valuesIn(client, 't')).toEqual(['a', 'b', 'c', 'd']);
    });
    await withLog(path, async (client) => {
      await client.transactions.commit(prepared);
      expect(await valuesIn(client, 't')).toEqual(['a', 'b', 'c', 'd']);
    });
  });

  it('goes on counting epochs, so that a former process stays shut out', async () => {
    const path = newLogFolder();
    const first = await withLog(path, async (client) => {
      await client.createTopic('t', 1);
      return prepare(client, 'id', [record('t', 'first')]);
    });
    await withLog(path, async (client) => {
      const second = await prepare(client, 'id', [record('t', 'second')]);
      expect(second.producerId).toBe(first.producerId);
      expect(second.producerEpoch).toBe(first.producerEpoch + 1);
      await expect(client.transactions.commit(first)).rejects.toMatchObject({ code: 'transaction-lost' });
    });
  });
});

describe('a transaction that is not prepared', () => {
  it('ends with its client', async () => {
    await withLog(newLogFolder(), async (client, log) => {
      await client.createTopic('t', 1);
      const other = openEmbeddedLogClient({ ownerPort: log.connect() });
      const transaction = await other.transactions.begin('id', transactionOptions);
      transaction.append(record('t', 'lost'));
      await transaction.flush();
      await other.close();
      await sleep(50);
      await append(client, [record('t', 'kept')]);
      expect(await valuesIn(client, 't')).toEqual(['kept']);
    });
  });

  it('ends at its time-out, and its user is told', async () => {
    await withLog(newLogFolder(), async (client) => {
      await client.createTopic('t', 1);
      const transaction = await client.transactions.begin('id', {
        ...transactionOptions,
        transactionTimeoutMs: 50,
      });
      transaction.append(record('t', 'lost'));
      await transaction.flush();
      await sleep(150);
      transaction.append(record('t', 'late'));
      await expect(transaction.prepare()).rejects.toMatchObject({ code: 'fenced' });
    });
  });

  it('does not time out before its first record, so that it can be begun ahead', async () => {
    await withLog(newLogFolder(), async (client) => {
      await client.createTopic('t', 1);
      const transaction = await client.transactions.begin('id', {
        ...transactionOptions,
        transactionTimeoutMs: 50,
      });
      await sleep(150);
      transaction.append(record('t', 'kept'));
      await client.transactions.commit((await transaction.prepare())!);
      expect(await valuesIn(client, 't')).toEqual(['kept']);
    });
  });

  it('does not time out once it is prepared, however long its job is down', async () => {
    await withLog(newLogFolder(), async (client) => {
      await client.createTopic('t', 1);
      const prepared = await prepare(client, 'id', [record('t', 'kept')], {
        ...transactionOptions,
        transactionTimeoutMs: 50,
      });
      await sleep(150);
      await client.transactions.commit(prepared);
      expect(await valuesIn(client, 't')).toEqual(['kept']);
    });
  });
});

describe('requests that share a write', () => {
  it('succeed or are refused each by itself', async () => {
    await withLog(newLogFolder(), async (client, log) => {
      await client.createTopic('t', 1);
      const clients = Array.from({ length: 6 }, () => openEmbeddedLogClient({ ownerPort: log.connect() }));
      const outcomes = await Promise.allSettled(
        clients.map((each, i) =>
          i % 2 === 0
            ? append(each, [record('t', `${i}`)])
            : each.transactions.commit({ transactionalId: 'nobody', producerId: '99', producerEpoch: 0 }),
        ),
      );
      expect(outcomes.map((outcome) => outcome.status)).toEqual(
        clients.map((_, i) => (i % 2 === 0 ? 'fulfilled' : 'rejected')),
      );
      expect((await valuesIn(client, 't')).sort()).toEqual(['0', '2', '4']);
      await Promise.all(clients.map((each) => each.close()));
    });
  });
});

describe('starting the embedded log', () => {
  it('is refused on a folder that is in use', async () => {
    const path = newLogFolder();
    await withLog(path, async () => {
      await expect(EmbeddedLog.start({ path })).rejects.toThrow(/in use/);
    });
    await withLog(path, async (client) => client.createTopic('t', 1));
  });

  it('says what to do about a folder that cannot be used', async () => {
    const folder = newLogFolder();
    writeFileSync(join(folder, 'file'), '');
    await expect(EmbeddedLog.start({ path: join(folder, 'file', 'log') })).rejects.toThrow(/file/);
  });

  it('says so when its file is something else, and leaves it as it is', async () => {
    const path = newLogFolder();
    const damaged = Buffer.alloc(20_000, 'not a database');
    writeFileSync(join(path, 'data.mdb'), damaged);
    await expect(EmbeddedLog.start({ path })).rejects.toMatchObject({
      name: 'LogError',
      code: 'invalid-configuration',
      message: expect.stringMatching(new RegExp(`${path}.*damaged`)),
    });
    expect(readFileSync(join(path, 'data.mdb'))).toEqual(damaged);
  });

  it.each([0.02, 0.3, 0.6, 0.9])(
    'survives a file that was cut off at %d of its length, and shows no wrong record',
    async (part) => {
      const path = newLogFolder();
      const values = Array.from({ length: 2_000 }, (_, i) => `${i}`.padEnd(1_000, '.'));
      await withLog(path, async (client) => {
        await client.createTopic('t', 1);
        for (let i = 0; i < values.length; i += 100) {
          await append(
            client,
            values.slice(i, i + 100).map((value) => record('t', value)),
          );
        }
      });
      const file = join(path, 'data.mdb');
      truncateSync(file, Math.floor(statSync(file).size * part));
      const seen: (string | null)[] = [];
      const reading = withLog(path, async (client) => {
        const reader = new CollectingReader(client, [{ topic: 't', partition: 0, position: 0 }]);
        const ended = reader.untilSeen(values.length);
        await ended.finally(() => seen.push(...reader.valuesOf(0)));
      });
      await expect(reading).rejects.toMatchObject({ name: 'LogError' });
      expect(seen).toEqual(values.slice(0, seen.length));
    },
  );
});

describe('when the owner thread ends', () => {
  it('rejects what its clients wait for, and what they ask later', async () => {
    const path = newLogFolder();
    const worker = new Worker(createRequire(import.meta.url).resolve('#dist/workers/embedded-log.js'), {
      workerData: { path },
    });
    const { port1, port2 } = new MessageChannel();
    worker.postMessage({ kind: 'connect', port: port2 }, [port2]);
    const client = openEmbeddedLogClient({ ownerPort: port1 });
    await client.createTopic('t', 1);
    const reader = new CollectingReader(client, [{ topic: 't', partition: 0, position: 0 }]);
    const errors: Error[] = [];
    const appender = client.openAppender({ ...appenderOptions, onError: (error) => void errors.push(error) });
    await worker.terminate();
    appender.append(record('t', 'unknown'));
    await expect(appender.flush()).rejects.toMatchObject({ code: 'unreachable' });
    expect(errors).toHaveLength(1);
    expect(await reader.untilError()).toMatchObject({ code: 'unreachable' });
    await expect(client.describeTopics(['t'])).rejects.toMatchObject({ code: 'unreachable' });
    await client.close();
  });
});
