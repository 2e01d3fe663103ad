import { describe, expect, it } from 'vitest';
import { EncoderPool } from '../../../src/log/kafka/producer/encoder-pool.js';
import { PartitionQueue } from '../../../src/log/kafka/producer/partition-queue.js';
import { nextSequence, type PendingBatch } from '../../../src/log/kafka/producer/pending-batch.js';
import { RecordBatchCursor } from '../../../src/log/record-batch/record-batch-cursor.js';

const lingerMs = 5;
const batchBytes = 1000;
const producer = { producerId: 7n, producerEpoch: 1 };

function newQueue(): PartitionQueue {
  return new PartitionQueue('t', 0, new EncoderPool());
}

function append(queue: PartitionQueue, value: string, fields: { epoch?: number; nowMs?: number } = {}): void {
  const record = { topic: 't', partition: 0, key: null, value: Buffer.from(value), timestamp: 1 };
  queue.append(record, fields.epoch ?? 0, fields.nowMs ?? 0, batchBytes);
}

function take(queue: PartitionQueue): PendingBatch {
  const batch = queue.take();
  if (batch === undefined) throw new Error('Nothing to take.');
  return batch;
}

function valuesOf(batch: PendingBatch): string[] {
  const bytes = batch.encode(producer, false);
  const cursor = new RecordBatchCursor({ topic: 't', partition: 0, bytes, position: 0 });
  const values: string[] = [];
  while (cursor.next()) values.push(cursor.bytes.toString('utf8', cursor.valueStart, cursor.valueEnd));
  return values;
}

describe("a partition's queue", () => {
  it('has nothing due while a batch is under way', () => {
    const queue = newQueue();
    append(queue, 'a');
    take(queue);
    append(queue, 'b');
    queue.seal();
    expect(queue.isDue(1000, lingerMs, batchBytes)).toBe(false);
    queue.acknowledged();
    expect(queue.isDue(1000, lingerMs, batchBytes)).toBe(true);
  });

  it('lets a small batch wait for more, a full or a flushed one not', () => {
    const queue = newQueue();
    append(queue, 'a', { nowMs: 10 });
    expect(queue.isDue(14, lingerMs, batchBytes)).toBe(false);
    expect(queue.isDue(15, lingerMs, batchBytes)).toBe(true);
    append(queue, 'x'.repeat(batchBytes), { nowMs: 10 });
    expect(queue.isDue(10, lingerMs, batchBytes)).toBe(true);
  });

  it('numbers batches by their records, one after another', () => {
    const queue = newQueue();
    append(queue, 'a');
    append(queue, 'b');
    expect(take(queue).baseSequence).toBe(0);
    append(queue, 'c');
    queue.acknowledged();
    expect(take(queue).baseSequence).toBe(2);
  });

  it('sends a batch again under the same number, before anything else, with the same bytes', () => {
    const queue = newQueue();
    append(queue, 'a');
    const first = take(queue);
    const bytes = Buffer.from(first.encode(producer, false));
    append(queue, 'b');
    queue.putBack(first);
    const again = take(queue);
    expect(again).toBe(first);
    expect(again.encode(producer, false).equals(bytes)).toBe(true);
    queue.acknowledged();
    expect(take(queue).baseSequence).toBe(1);
  });

  it('splits a batch into parts that keep the numbers of their records', () => {
    const queue = newQueue();
    for (const value of ['a', 'b', 'c', 'd', 'e']) append(queue, value);
    const whole = take(queue);
    whole.encode(producer, false);
    append(queue, 'f');
    queue.putBack(...whole.split('t', 0));
    const parts: [number | undefined, string[]][] = [];
    for (let i = 0; i < 3; i++) {
      const part = take(queue);
      parts.push([part.baseSequence, valuesOf(part)]);
      queue.acknowledged();
    }
    expect(parts).toEqual([
      [0, ['a', 'b', 'c']],
      [3, ['d', 'e']],
      [5, ['f']],
    ]);
  });

  it('keeps records of different flushes in different batches', () => {
    const queue = newQueue();
    append(queue, 'a', { epoch: 0 });
    append(queue, 'b', { epoch: 1 });
    expect(valuesOf(take(queue))).toEqual(['a']);
    queue.acknowledged();
    expect(valuesOf(take(queue))).toEqual(['b']);
  });

  it('starts its numbers again at 0 after the largest int32', () => {
    expect(nextSequence(2 ** 31 - 2, 1)).toBe(2 ** 31 - 1);
    expect(nextSequence(2 ** 31 - 2, 2)).toBe(0);
    expect(nextSequence(2 ** 31 - 1, 3)).toBe(2);
  });
});
