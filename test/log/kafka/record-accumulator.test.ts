import { describe, expect, it } from 'vitest';
import { type Departure, withinRequestBytes } from '../../../src/log/kafka/producer/departure.js';
import { EncoderPool } from '../../../src/log/kafka/producer/encoder-pool.js';
import { PartitionQueue } from '../../../src/log/kafka/producer/partition-queue.js';
import { PendingBatch } from '../../../src/log/kafka/producer/pending-batch.js';
import {
  type AccumulatorOptions,
  RecordAccumulator,
} from '../../../src/log/kafka/producer/record-accumulator.js';
import type { Compression, LogRecord } from '../../../src/log/log-port.js';
import { RecordBatchEncoder } from '../../../src/log/record-batch/record-batch-encoder.js';
import { SimulatedRandom } from '../../simulation/simulated-random.js';

const record = (value: string, key: string | null = null): LogRecord => ({
  topic: 't',
  partition: undefined,
  key: key === null ? null : Buffer.from(key),
  value: Buffer.from(value),
  timestamp: 1_000,
});

function accumulator(options: Partial<AccumulatorOptions> = {}): RecordAccumulator {
  return new RecordAccumulator({
    bufferBytes: 1_000_000,
    batchBytes: 1_000,
    lingerMs: 50,
    recordBytesMax: 500,
    random: new SimulatedRandom(1),
    encoders: new EncoderPool(),
    partitioner: undefined,
    onWritable: () => {},
    partitionCount: () => 4,
    ...options,
  });
}

describe('Records on their way', () => {
  it('are refused at once above the limit of a request, with their size and key', () => {
    const records = accumulator();
    expect(() => records.append(record('x'.repeat(600), 'user_42'), 0)).toThrow(
      /key 'user_42' for topic t is too large, about 6\d\d bytes: no record may have more than 500/,
    );
    records.append(record('x'.repeat(400), 'user_42'), 0);
  });

  it('wait for others as long as the linger, or until their batch is full', () => {
    const records = accumulator();
    records.append(record('a'), 0);
    expect(records.dueQueues(49)).toEqual([]);
    expect(records.dueQueues(50)).toHaveLength(1);
    for (let i = 0; i < 4; i++) records.append(record('x'.repeat(300)), 0);
    expect(records.dueQueues(1)).toHaveLength(1);
  });

  it('go where the partitioner says, also those that waited for their topic', () => {
    let partitionCount: number | undefined;
    const asked: unknown[] = [];
    const records = accumulator({
      partitionCount: () => partitionCount,
      partitioner: {
        partitionFor: ({ element }, count) => {
          asked.push([element, count]);
          return 3;
        },
      },
    });
    records.append({ ...record('a'), element: 'A' }, 0);
    expect(records.routeWaiting(0)).toEqual(['t']);
    partitionCount = 4;
    expect(records.routeWaiting(0)).toEqual([]);
    records.append({ ...record('b'), element: 'B' }, 0);
    expect(asked).toEqual([
      ['A', 4],
      ['B', 4],
    ]);
    expect(records.dueQueues(100).map((queue) => queue.partition)).toEqual([3]);
  });

  it('never go to a partition that there is not', () => {
    for (const partition of [-1, 4]) {
      expect(() => accumulator().append({ ...record('a'), partition }, 0)).toThrow(
        new RegExp(`partition ${partition} of topic t, which has 4`),
      );
    }
  });

  it('share requests up to the limit; a batch that is larger goes alone', () => {
    const queue = new PartitionQueue('t', 0, new EncoderPool());
    const departure = (bytes: number): Departure => {
      const batch = new PendingBatch(new RecordBatchEncoder(), 0, 0);
      batch.append(record('x'.repeat(bytes)));
      return { queue, batch };
    };
    const groups = withinRequestBytes([100, 100, 900, 100, 300].map(departure), 600);
    expect(groups.map((group) => group.length)).toEqual([2, 1, 2]);
  });

  it.each<Compression>(['none', 'zstd'])(
    'are split as they were when the log finds them too large (%s)',
    (compression) => {
      const batch = new PendingBatch(new RecordBatchEncoder(), 0, 0);
      for (let i = 0; i < 5; i++) batch.append(record(`value ${i}`));
      batch.baseSequence = 7;
      const producer = { producerId: 1n, producerEpoch: 0 };
      batch.encode(producer, false, compression);
      const halves = batch.split('t', 0);
      expect(halves.map((half) => [half.recordCount, half.baseSequence])).toEqual([
        [3, 7],
        [2, 10],
      ]);
      for (const half of halves) half.encode(producer, false, compression);
      expect(halves.map((half) => String(half.firstRecord('t', 0).value))).toEqual(['value 0', 'value 3']);
    },
  );
});
