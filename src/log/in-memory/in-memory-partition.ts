import type { FetchReply, FetchRequest } from '../client/log-requests.js';
import {
  type Isolation,
  LogError,
  type OffsetSpec,
  type RecordHeader,
  type TopicPartition,
} from '../log-port.js';
import { type AbortedTransaction, AbortedTransactions } from '../record-batch/aborted-transactions.js';
import { RecordBatchCursor } from '../record-batch/record-batch-cursor.js';
import { batchLayout, setBaseOffset } from '../record-batch/record-batch-layout.js';
import { encodeMarker } from './control-batch.js';

/** What a read_committed reader sees of one record. */
export interface CommittedRecord extends TopicPartition {
  readonly offset: number;
  readonly timestamp: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly RecordHeader[];
}

/**
 * A partition as a broker keeps it: records of open and aborted transactions, and the markers that end
 * them, occupy offsets; a reader gets all of it up to the last stable offset, with the list of what is void.
 */
export class InMemoryPartition implements TopicPartition {
  readonly topic: string;
  readonly partition: number;
  private readonly batches: PlacedBatch[] = [];
  private endOffset = 0;
  /** First offset of each open transaction, by producer id. */
  private readonly openSince = new Map<number, number>();
  private readonly aborted: (AbortedTransaction & { readonly lastOffset: number })[] = [];

  constructor(topic: string, partition: number) {
    this.topic = topic;
    this.partition = partition;
  }

  /** The end as a read_committed reader sees it: before the first record of the oldest open transaction. */
  get lastStableOffset(): number {
    return Math.min(this.endOffset, ...this.openSince.values());
  }

  endOffsetFor(isolation: Isolation): number {
    return isolation === 'read_uncommitted' ? this.endOffset : this.lastStableOffset;
  }

  append(encoded: ArrayBuffer, producerId: number | undefined): void {
    // A copy: the sender may send its bytes again.
    const batch = Buffer.from(encoded.slice(0));
    const baseOffset = this.endOffset;
    if (producerId !== undefined && !this.openSince.has(producerId))
      this.openSince.set(producerId, baseOffset);
    setBaseOffset(batch, baseOffset);
    this.place(batch, baseOffset + batch.readInt32BE(batchLayout.lastOffsetDelta));
  }

  writeMarker(
    outcome: 'commit' | 'abort',
    producerId: number,
    producerEpoch: number,
    timestamp: number,
  ): void {
    const firstOffset = this.openSince.get(producerId);
    if (firstOffset === undefined) return;
    const baseOffset = this.endOffset;
    this.place(encodeMarker({ outcome, producerId, producerEpoch, baseOffset, timestamp }), baseOffset);
    this.openSince.delete(producerId);
    if (outcome === 'abort') this.aborted.push({ producerId, firstOffset, lastOffset: baseOffset });
  }

  /** @throws LogError `offset-out-of-range` */
  fetch(request: Pick<FetchRequest, 'position' | 'stopPosition' | 'bytesMax' | 'isolation'>): FetchReply {
    const endOffset = this.endOffsetFor(request.isolation);
    // Between the last stable offset and the end an offset is valid, with nothing to read yet.
    if (request.position < 0 || request.position > this.endOffset) {
      throw new LogError(
        'offset-out-of-range',
        `Topic ${this.topic}, partition ${this.partition} has no offset ${request.position}; it ends at ${this.endOffset}.`,
      );
    }
    const found = this.batchesFrom(request, Math.min(endOffset, request.stopPosition ?? endOffset));
    const joined = Buffer.concat(found.map((placed) => placed.batch));
    const bytes = joined.buffer.slice(joined.byteOffset, joined.byteOffset + joined.length) as ArrayBuffer;
    if (request.isolation === 'read_uncommitted') return { bytes, endOffset, abortedTransactions: [] };
    const foundEnd = found.at(-1)?.lastOffset ?? -1;
    const abortedTransactions = this.aborted
      .filter(
        (transaction) => transaction.lastOffset >= request.position && transaction.firstOffset <= foundEnd,
      )
      .map(({ producerId, firstOffset }) => ({ producerId, firstOffset }));
    return { bytes, endOffset, abortedTransactions };
  }

  resolve(spec: Exclude<OffsetSpec, { kind: 'committed' }>, isolation: Isolation): number {
    switch (spec.kind) {
      case 'earliest':
        return 0;
      case 'end':
        return this.endOffsetFor(isolation);
      case 'timestamp':
        return (
          this.records(isolation).find((record) => record.timestamp >= spec.timestampMs)?.offset ??
          this.endOffsetFor(isolation)
        );
    }
  }

  committedRecords(): CommittedRecord[] {
    return this.records('read_committed');
  }

  private records(isolation: Isolation): CommittedRecord[] {
    const { bytes, abortedTransactions } = this.fetch({
      position: 0,
      stopPosition: undefined,
      bytesMax: Number.POSITIVE_INFINITY,
      isolation,
    });
    const cursor = new RecordBatchCursor({
      topic: this.topic,
      partition: this.partition,
      bytes: Buffer.from(bytes),
      position: 0,
      abortedTransactions: new AbortedTransactions(abortedTransactions),
    });
    const records: CommittedRecord[] = [];
    while (cursor.next()) {
      records.push({
        topic: this.topic,
        partition: this.partition,
        offset: cursor.offset,
        timestamp: cursor.timestamp,
        key: cursor.keyStart < 0 ? null : cursor.bytes.subarray(cursor.keyStart, cursor.keyEnd),
        value: cursor.valueStart < 0 ? null : cursor.bytes.subarray(cursor.valueStart, cursor.valueEnd),
        headers: cursor.headers(),
      });
    }
    return records;
  }

  private batchesFrom(request: Pick<FetchRequest, 'position' | 'bytesMax'>, end: number): PlacedBatch[] {
    const found: PlacedBatch[] = [];
    let byteLength = 0;
    for (const placed of this.batches) {
      if (placed.lastOffset < request.position) continue;
      if (placed.baseOffset >= end) break;
      byteLength += placed.batch.length;
      if (found.length > 0 && byteLength > request.bytesMax) break;
      found.push(placed);
    }
    return found;
  }

  private place(batch: Buffer, lastOffset: number): void {
    this.batches.push({ baseOffset: this.endOffset, lastOffset, batch });
    this.endOffset = lastOffset + 1;
  }
}

interface PlacedBatch {
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly batch: Buffer;
}
