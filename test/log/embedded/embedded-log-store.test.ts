import { describe, expect, it, onTestFinished } from 'vitest';
import { EmbeddedLogStore } from '../../../src/log/embedded/embedded-log-store.js';
import { LogError } from '../../../src/log/log-port.js';
import { anonymousProducer, RecordBatchEncoder } from '../../../src/log/record-batch/record-batch-encoder.js';
import { newLogFolder } from './log-folder.js';

function openStore(path = newLogFolder()): EmbeddedLogStore {
  const store = new EmbeddedLogStore(path);
  onTestFinished(() => store.close());
  return store;
}

function batch(records: number): ArrayBuffer {
  const encoder = new RecordBatchEncoder();
  for (let i = 0; i < records; i++) encoder.append(null, Buffer.from(`${i}`), 1_000 + i);
  const bytes = encoder.finish(anonymousProducer);
  return new Uint8Array(bytes).buffer;
}

function appendOf(records: number, partition = 0) {
  return {
    kind: 'append',
    batches: [{ topic: 't', partition, bytes: batch(records) }],
    transaction: undefined,
  } as const;
}

function fetch(store: EmbeddedLogStore, position: number, bytesMax = 1_000_000, stopPosition?: number) {
  return store.fetch({
    kind: 'fetch',
    readerId: 1,
    topic: 't',
    partition: 0,
    position,
    stopPosition,
    bytesMax,
    waitForData: false,
    isolation: 'read_committed',
  });
}

function end(store: EmbeddedLogStore, partition = 0): number {
  return store.resolveOffsets([{ topic: 't', partition, spec: { kind: 'end' } }])[0] as number;
}

describe('the store of the embedded log', () => {
  it('undoes all of a write that throws, what came before the throw included', () => {
    const store = openStore();
    store.write(() => store.createTopic('t', 2));
    store.write(() => store.append(appendOf(3)));
    expect(() =>
      store.write(() => {
        store.append(appendOf(5));
        store.createTopic('u', 1);
        throw new LogError('internal', 'The disk is full.');
      }),
    ).toThrow('The disk is full.');
    expect(end(store)).toBe(3);
    expect(() => store.describeTopics(['u'])).toThrow(/does not exist/);
    // Offsets and batch ids go on as if it had never been.
    store.write(() => store.append(appendOf(2)));
    expect(end(store)).toBe(5);
    expect(fetch(store, 0).bytes.byteLength).toBe(batch(3).byteLength + batch(2).byteLength);
  });

  it('keeps partitions apart, also their ends before anything is in them', () => {
    const store = openStore();
    store.write(() => store.createTopic('t', 3));
    store.write(() => store.append(appendOf(4, 1)));
    expect([0, 1, 2].map((partition) => end(store, partition))).toEqual([0, 4, 0]);
    expect(fetch(store, 0).bytes.byteLength).toBe(0);
  });

  it('knows the ends after it was opened again', async () => {
    const path = newLogFolder();
    const first = new EmbeddedLogStore(path);
    first.write(() => first.createTopic('t', 3));
    first.write(() => first.append(appendOf(4, 1)));
    await first.close();
    const second = openStore(path);
    expect([0, 1, 2].map((partition) => end(second, partition))).toEqual([0, 4, 0]);
  });

  it('fetches whole batches within the limit, at least the one that holds the position', () => {
    const store = openStore();
    store.write(() => store.createTopic('t', 1));
    for (let i = 0; i < 4; i++) store.write(() => store.append(appendOf(10)));
    const size = batch(10).byteLength;
    expect(fetch(store, 0, 1).bytes.byteLength).toBe(size);
    expect(fetch(store, 15, 2 * size).bytes.byteLength).toBe(2 * size);
    expect(fetch(store, 15, 2 * size + 1, 20).bytes.byteLength).toBe(size);
    expect(fetch(store, 39, 10 * size).bytes.byteLength).toBe(size);
    expect(fetch(store, 40, 10 * size).bytes.byteLength).toBe(0);
    expect(() => fetch(store, 41)).toThrow(/offset/);
  });

  it('shows what a transaction appended once it is committed, and never what an aborted one did', () => {
    const store = openStore();
    store.write(() => store.createTopic('t', 1));
    for (const outcome of ['commit', 'abort'] as const) {
      const transaction = store.write(() => store.transactions.begin('id', 60_000));
      store.write(() => store.append({ ...appendOf(10), transaction }));
      expect(end(store)).toBe(outcome === 'commit' ? 0 : 10);
      store.write(() => {
        if (outcome === 'abort') store.transactions.abort(transaction);
        else {
          store.transactions.prepare(transaction);
          expect(store.transactions.commit(transaction)).toHaveLength(1);
        }
      });
    }
    expect(end(store)).toBe(10);
  });

  it('ends at its start what was not prepared, whose writers are gone', async () => {
    const path = newLogFolder();
    const first = new EmbeddedLogStore(path);
    first.write(() => first.createTopic('t', 1));
    const [open, prepared] = first.write(() => [
      first.transactions.begin('open', 60_000),
      first.transactions.begin('prepared', 60_000),
    ]);
    if (open === undefined || prepared === undefined) throw new Error('Two transactions were begun.');
    first.write(() => first.append({ ...appendOf(1), transaction: open }));
    first.write(() => first.append({ ...appendOf(1), transaction: prepared }));
    first.write(() => first.transactions.prepare(prepared));
    await first.close();
    const second = openStore(path);
    expect(() => second.write(() => second.append({ ...appendOf(1), transaction: open }))).toThrow(
      /begun|ended/,
    );
    second.write(() => second.transactions.commit(prepared));
    expect(end(second)).toBe(1);
  });

  it('gives an id a new producer id when its epochs are used up', () => {
    const store = openStore();
    let handle = store.write(() => store.transactions.begin('id', 60_000));
    const firstProducerId = handle.producerId;
    store.write(() => {
      while (handle.producerEpoch < 32_766) handle = store.transactions.begin('id', 60_000);
    });
    expect(handle.producerId).toBe(firstProducerId);
    const next = store.write(() => store.transactions.begin('id', 60_000));
    expect(next.producerId).not.toBe(firstProducerId);
    expect(next.producerEpoch).toBe(0);
  });
});
