import { describe, expect, test } from 'vitest';
import { beginAttempt } from '../../src/checkpoint/attempt-ledger.js';
import { CheckpointStore } from '../../src/checkpoint/checkpoint-store.js';
import { decodeChecksummedJson, encodeChecksummedJson } from '../../src/checkpoint/checksummed-json.js';
import { checkpointId, executionAttempt } from '../../src/protocol/ids.js';
import { SimulatedClock } from '../simulation/simulated-clock.js';
import { SimulatedDisk } from '../simulation/simulated-files.js';
import { SimulatedRandom } from '../simulation/simulated-random.js';
import { metadataOf, prepared, snapshotOf, testJob } from './checkpoint-fixtures.js';

class Machine {
  readonly clock: SimulatedClock;
  readonly disk: SimulatedDisk;
  private process;
  constructor(seed = 1) {
    const random = new SimulatedRandom(seed);
    this.clock = new SimulatedClock(random.fork());
    this.disk = new SimulatedDisk(random.fork());
    this.process = this.clock.process();
  }

  openStore(): CheckpointStore {
    return new CheckpointStore(this.disk.open(this.process), '/state');
  }

  crash(): void {
    this.process.kill();
    this.disk.crash();
    this.process = this.clock.process();
  }

  async run<T>(work: Promise<T>): Promise<T> {
    const settled = work.then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    );
    await this.clock.advance(100);
    const result = await settled;
    if ('error' in result) throw result.error;
    return result.value;
  }
}

const begin = (attempt: number, lastUsed = 0) => ({
  jobName: testJob.jobName,
  record: {
    attempt: executionAttempt(attempt),
    startedAtMs: 1,
    parallelism: 2,
    maxParallelism: 128,
    graphHash: 'g1',
  },
  pools: [{ transactionalIdPrefix: 'out', subtasks: 2, poolSize: 4, transactionTimeoutMs: 60_000 }],
  lastUsedCheckpointId: checkpointId(lastUsed),
  idReservationSize: 100,
  settledThrough: null,
});

describe('the checkpoint store', () => {
  test('finds nothing in a new folder', async () => {
    const machine = new Machine();
    expect(await machine.run(machine.openStore().read())).toEqual({
      ledger: undefined,
      newestCheckpoint: undefined,
    });
  });

  test('reads back what it wrote, the newest by number and not by name', async () => {
    const machine = new Machine();
    const store = machine.openStore();
    await machine.run(store.read());
    const last = metadataOf(10, {
      subtasks: [snapshotOf('out', 0, { committables: [prepared('out-0-0')] })],
    });
    for (const metadata of [metadataOf(0), metadataOf(9), last])
      await machine.run(store.writeCheckpoint(metadata));
    machine.crash();
    const { newestCheckpoint } = await machine.run(machine.openStore().read());
    expect(newestCheckpoint?.metadata).toEqual(last);
  });

  test('never writes an older checkpoint after a newer one', async () => {
    const machine = new Machine();
    const store = machine.openStore();
    await machine.run(store.writeCheckpoint(metadataOf(5)));
    await expect(machine.run(store.writeCheckpoint(metadataOf(5)))).rejects.toThrow(/after checkpoint 5/);
  });

  test('removes only the older ones', async () => {
    const machine = new Machine();
    const store = machine.openStore();
    for (const id of [0, 1, 2]) await machine.run(store.writeCheckpoint(metadataOf(id)));
    await machine.run(store.removeOlder(checkpointId(2)));
    expect(machine.disk.list('checkpoints')).toEqual(['chk-2.json']);
  });

  test('refuses a damaged newest checkpoint, naming it, though an older one is whole', async () => {
    for (let seed = 0; seed < 20; seed++) {
      const machine = new Machine(seed);
      const store = machine.openStore();
      for (const id of [3, 4]) await machine.run(store.writeCheckpoint(metadataOf(id)));
      machine.disk.corrupt('checkpoints/chk-4.json');
      await expect(machine.run(machine.openStore().read())).rejects.toMatchObject({
        action: 'fail-job',
        message: expect.stringMatching(/\/state\/checkpoints\/chk-4\.json .*damaged.*/) as string,
      });
    }
  });

  test('refuses a damaged ledger, without which no one knows what to fence', async () => {
    const machine = new Machine();
    await machine.run(machine.openStore().updateLedger((ledger) => beginAttempt(ledger, begin(1))));
    machine.disk.corrupt('attempts.json');
    await expect(machine.run(machine.openStore().read())).rejects.toThrow(/\/state\/attempts\.json/);
  });

  test('ignores and removes what a crash left of a write', async () => {
    const leftBehind = new Set<string>();
    for (let seed = 0; seed < 30; seed++) {
      const machine = new Machine(seed);
      const store = machine.openStore();
      await machine.run(store.writeCheckpoint(metadataOf(1)));
      void store.writeCheckpoint(metadataOf(2));
      await machine.clock.advance(0.1);
      machine.crash();
      for (const name of machine.disk.list('checkpoints')) leftBehind.add(name);
      const { newestCheckpoint } = await machine.run(machine.openStore().read());
      expect([1, 2]).toContain(newestCheckpoint?.metadata.checkpointId);
      expect(machine.disk.list('checkpoints').every((name) => name.endsWith('.json'))).toBe(true);
    }
    expect([...leftBehind].sort()).toEqual(['chk-1.json', 'chk-2.json', 'chk-2.json.tmp']);
  });

  test('applies changes of the ledger one after another, each on top of the last', async () => {
    const machine = new Machine();
    const store = machine.openStore();
    const first = store.updateLedger((ledger) => beginAttempt(ledger, begin(1)));
    const second = store.updateLedger((ledger) => beginAttempt(ledger, begin(2)));
    await machine.run(Promise.all([first, second]));
    machine.crash();
    const { ledger } = await machine.run(machine.openStore().read());
    expect(ledger?.latest.attempt).toBe(2);
  });

  test('reads only after the writes in flight, so that recovery sees the checkpoint that was just completed', async () => {
    const machine = new Machine();
    const store = machine.openStore();
    await machine.run(store.writeCheckpoint(metadataOf(1)));
    void store.writeCheckpoint(metadataOf(2));
    const { newestCheckpoint } = await machine.run(store.read());
    expect(newestCheckpoint?.metadata.checkpointId).toBe(2);
  });

  test('goes on after a failed write, which left the disk as it was', async () => {
    const machine = new Machine();
    const store = machine.openStore();
    machine.disk.faults = () => ({ kind: 'fail-before', delayMs: 1 });
    await expect(machine.run(store.writeCheckpoint(metadataOf(1)))).rejects.toMatchObject({
      outcome: 'not-written',
    });
    machine.disk.faults = () => ({ kind: 'succeed', delayMs: 1 });
    expect((await machine.run(store.read())).newestCheckpoint).toBeUndefined();
    await machine.run(store.writeCheckpoint(metadataOf(2)));
    expect((await machine.run(store.read())).newestCheckpoint?.metadata.checkpointId).toBe(2);
  });
});

describe('checksummed JSON', () => {
  const bytes = encodeChecksummedJson('checkpoint', 1, { a: 'ü', b: [1, 2] });

  test('is readable by people, and its first line is the format', () => {
    expect(new TextDecoder().decode(bytes)).toBe(
      'millrace-checkpoint format 1 crc32c 0031a25b bytes 20\n{"a":"ü","b":[1,2]}',
    );
  });

  test('detects every single changed byte and every cut', () => {
    expect(decodeChecksummedJson('checkpoint', 1, bytes, 'f')).toEqual({ a: 'ü', b: [1, 2] });
    for (let i = 0; i < bytes.length; i++) {
      const changed = Uint8Array.from(bytes);
      changed[i] = (changed[i] ?? 0) ^ 1;
      expect(() => decodeChecksummedJson('checkpoint', 1, changed, 'f'), `byte ${i}`).toThrow();
      expect(() => decodeChecksummedJson('checkpoint', 1, bytes.slice(0, i), 'f'), `cut at ${i}`).toThrow(
        /f is damaged/,
      );
    }
  });

  test('of a newer format is refused in words that say so', () => {
    const newer = encodeChecksummedJson('checkpoint', 2, {});
    expect(() => decodeChecksummedJson('checkpoint', 1, newer, 'chk-1.json')).toThrow(
      /chk-1\.json was written by a newer Millrace/,
    );
  });
});
