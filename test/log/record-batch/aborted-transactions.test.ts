import { crc32c } from '@node-rs/crc32';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AbortedTransaction,
  AbortedTransactions,
} from '../../../src/log/record-batch/aborted-transactions.js';
import { RecordBatchCursor } from '../../../src/log/record-batch/record-batch-cursor.js';
import { anonymousProducer, RecordBatchEncoder } from '../../../src/log/record-batch/record-batch-encoder.js';
import { batchLayout, batchLogOverheadBytes } from '../../../src/log/record-batch/record-batch-layout.js';

/** A partition as a broker would hold it, its list of aborted transactions included. */
class PartitionLog {
  private readonly batches: Buffer[] = [];
  private readonly openFirstOffsets = new Map<number, number>();
  readonly aborted: AbortedTransaction[] = [];
  nextOffset = 0;

  data(producerId: number, ...values: string[]): this {
    if (!this.openFirstOffsets.has(producerId)) this.openFirstOffsets.set(producerId, this.nextOffset);
    return this.batch(producerId, true, values);
  }

  plain(...values: string[]): this {
    return this.batch(-1, false, values);
  }

  end(producerId: number, type: 'commit' | 'abort'): this {
    const firstOffset = this.openFirstOffsets.get(producerId);
    if (type === 'abort' && firstOffset !== undefined) this.aborted.push({ producerId, firstOffset });
    this.openFirstOffsets.delete(producerId);
    const encoder = new RecordBatchEncoder();
    encoder.append(Buffer.from([0, 0, 0, type === 'abort' ? 0 : 1]), Buffer.alloc(6), 1);
    const bytes = encoder.finish({
      ...anonymousProducer,
      producerId: BigInt(producerId),
      baseOffset: this.nextOffset,
    });
    bytes.writeInt16BE(0x30, batchLayout.attributes);
    bytes.writeUInt32BE(crc32c(bytes.subarray(batchLayout.attributes)), batchLayout.crc);
    this.batches.push(Buffer.from(bytes));
    this.nextOffset++;
    return this;
  }

  /** As compaction leaves the newest batch of a producer: its header alone. */
  emptied(): this {
    const batch = this.batches.pop();
    if (batch === undefined) throw new Error('There is no batch.');
    const header = Buffer.from(batch.subarray(0, batchLayout.records));
    header.writeInt32BE(header.length - batchLogOverheadBytes, batchLayout.batchLength);
    header.writeInt32BE(0, batchLayout.recordCount);
    header.writeUInt32BE(crc32c(header.subarray(batchLayout.attributes)), batchLayout.crc);
    this.batches.push(header);
    return this;
  }

  /** What a read_committed reader sees that fetches from `position`. */
  read(position = 0): string[] {
    const cursor = new RecordBatchCursor({
      topic: 't',
      partition: 0,
      bytes: Buffer.concat(this.batches),
      position,
      abortedTransactions: new AbortedTransactions(this.aborted),
    });
    const values: string[] = [];
    while (cursor.next()) values.push(cursor.bytes.toString('utf8', cursor.valueStart, cursor.valueEnd));
    expect(cursor.positionAfter).toBe(this.nextOffset);
    return values;
  }

  private batch(producerId: number, isTransactional: boolean, values: readonly string[]): this {
    const encoder = new RecordBatchEncoder();
    // Four zero bytes as a user's key: an abort marker's key, but not in a control batch.
    for (const value of values) encoder.append(Buffer.alloc(4), Buffer.from(value), 1);
    const producer = { ...anonymousProducer, producerId: BigInt(producerId), isTransactional };
    this.batches.push(Buffer.from(encoder.finish({ ...producer, baseOffset: this.nextOffset })));
    this.nextOffset += values.length;
    return this;
  }
}

describe('a read_committed reader', () => {
  it('sees committed transactions and plain records, and no aborted ones', () => {
    const log = new PartitionLog()
      .data(1, 'a1')
      .data(2, 'b1')
      .plain('p1')
      .data(1, 'a2')
      .end(2, 'abort')
      .end(1, 'commit')
      .data(2, 'b2')
      .end(2, 'commit');
    expect(log.read()).toEqual(['a1', 'p1', 'a2', 'b2']);
  });

  it('does not take a user key of four zero bytes for an abort marker', () => {
    expect(new PartitionLog().data(1, 'a1').data(1, 'a2', 'a3').end(1, 'abort').plain('p').read()).toEqual([
      'p',
    ]);
  });

  it('hides overlapping aborted transactions that both began before the first batch', () => {
    const log = new PartitionLog().data(1, 'a1').data(2, 'b1').data(1, 'a2').data(2, 'b2');
    log.end(1, 'abort').end(2, 'abort').plain('p');
    for (const position of [0, 1, 2, 3, 4]) expect(log.read(position)).toEqual(['p']);
  });

  it("hides the batch whose own offsets hold the transaction's first", () => {
    expect(new PartitionLog().plain('p').data(7, 'a', 'b', 'c').end(7, 'abort').read(2)).toEqual([]);
  });

  it('sees what a producer commits after it aborted, and the other way round', () => {
    const log = new PartitionLog().data(1, 'a').end(1, 'abort').data(1, 'b').end(1, 'commit');
    expect(log.data(1, 'c').end(1, 'abort').data(1, 'd').end(1, 'commit').read()).toEqual(['b', 'd']);
  });

  it('passes over a marker that compaction has emptied', () => {
    const log = new PartitionLog().data(1, 'a').end(1, 'commit').emptied().data(2, 'b').end(2, 'abort');
    expect(log.plain('p').data(1, 'c').end(1, 'commit').emptied().read()).toEqual(['a', 'p', 'c']);
  });

  it('agrees with the definition on any interleaving, from any position', () => {
    const step = fc.record({
      producerId: fc.integer({ min: 0, max: 3 }),
      action: fc.constantFrom('data', 'data', 'data', 'commit', 'abort', 'plain'),
      count: fc.integer({ min: 1, max: 3 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const log = new PartitionLog();
        const written: {
          offset: number;
          value: string;
          fate: 'open' | 'commit' | 'abort';
          producerId: number;
        }[] = [];
        const settle = (producerId: number, fate: 'commit' | 'abort'): void => {
          for (const w of written) if (w.producerId === producerId && w.fate === 'open') w.fate = fate;
          log.end(producerId, fate);
        };
        for (const { producerId, action, count } of steps) {
          if (action === 'commit' || action === 'abort') settle(producerId, action);
          else {
            const isPlain = action === 'plain';
            const values = Array.from({ length: count }, (_, i) => `${log.nextOffset + i}`);
            values.forEach((value, i) => {
              const offset = log.nextOffset + i;
              written.push({
                offset,
                value,
                fate: isPlain ? 'commit' : 'open',
                producerId: isPlain ? -1 : producerId,
              });
            });
            if (isPlain) log.plain(...values);
            else log.data(producerId, ...values);
          }
        }
        for (const producerId of [0, 1, 2, 3]) settle(producerId, 'commit');
        for (let position = 0; position <= log.nextOffset; position++) {
          const expected = written
            .filter((w) => w.fate === 'commit' && w.offset >= position)
            .map((w) => w.value);
          expect(log.read(position)).toEqual(expected);
        }
      }),
    );
  });
});
