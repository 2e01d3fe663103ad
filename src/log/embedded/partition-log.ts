import type { FetchReply } from '../client/log-requests.js';
import { LogError, type OffsetSpec, type TopicPartition } from '../log-port.js';
import { RecordBatchCursor } from '../record-batch/record-batch-cursor.js';
import { setBaseOffset } from '../record-batch/record-batch-layout.js';
import {
  type BatchEntry,
  baseOffsetOfKey,
  decodeEntry,
  encodeEntry,
  entryOfBatch,
  idKey,
  indexKey,
} from './batch-entry.js';
import type { LogDatabase } from './log-database.js';

/** Appending to and reading from partitions. Offsets are dense: every one of them is a visible record. */
export class PartitionLog {
  private readonly database: LogDatabase;
  /** End offsets by partition id, so that an append or an idle fetch need not look for them. */
  private readonly endOffsets = new Map<number, number>();

  constructor(database: LogDatabase) {
    this.database = database;
  }

  /** Stores a batch without making it visible. Only within a write. */
  store(batch: Buffer): BatchEntry {
    const entry = entryOfBatch(this.database.nextCounter('batch'), batch);
    this.database.batches.putSync(idKey(entry.batchId), batch);
    return entry;
  }

  /** Makes a stored batch the partition's newest. Only within a write. */
  publish(partitionId: number, entry: BatchEntry): void {
    const baseOffset = this.endOffset(partitionId);
    this.database.index.putSync(indexKey(partitionId, baseOffset), encodeEntry(entry));
    this.endOffsets.set(partitionId, baseOffset + entry.recordCount);
  }

  discard(batchId: number): void {
    this.database.batches.removeSync(idKey(batchId));
  }

  /** After a write that was undone: what it added to the end offsets is not there. */
  forgetEndOffsets(): void {
    this.endOffsets.clear();
  }

  endOffset(partitionId: number): number {
    const known = this.endOffsets.get(partitionId);
    if (known !== undefined) return known;
    const last = this.entryAtOrBefore(partitionId, Number.MAX_SAFE_INTEGER);
    const endOffset = last === undefined ? 0 : last.baseOffset + last.entry.recordCount;
    this.endOffsets.set(partitionId, endOffset);
    return endOffset;
  }

  /** `partition` is for the error only. */
  fetch(partitionId: number, partition: TopicPartition, request: FetchRange): FetchReply {
    const endOffset = this.endOffset(partitionId);
    if (request.position < 0 || request.position > endOffset) {
      throw outOfRange(partition, request.position, endOffset);
    }
    const found = this.entriesFrom(partitionId, request, endOffset);
    let byteLength = 0;
    for (const { entry } of found) byteLength += entry.byteLength;
    const bytes = new ArrayBuffer(byteLength);
    const target = Buffer.from(bytes);
    let at = 0;
    for (const { baseOffset, entry } of found) {
      this.copyBatch(entry, target, at, partition, baseOffset);
      setBaseOffset(target.subarray(at), baseOffset);
      at += entry.byteLength;
    }
    return { bytes, endOffset, abortedTransactions: [] };
  }

  /** `committed` is resolved by the caller, who knows the groups. */
  resolve(
    partitionId: number,
    partition: TopicPartition,
    spec: Exclude<OffsetSpec, { kind: 'committed' }>,
  ): number {
    switch (spec.kind) {
      case 'earliest':
        return 0;
      case 'end':
        return this.endOffset(partitionId);
      case 'timestamp':
        return this.firstOffsetSince(partitionId, partition, spec.timestampMs);
    }
  }

  private firstOffsetSince(partitionId: number, partition: TopicPartition, timestampMs: number): number {
    const endOffset = this.endOffset(partitionId);
    for (const { key, value } of this.database.index.getRange({
      start: indexKey(partitionId, 0),
      end: indexKey(partitionId, endOffset),
    })) {
      if (decodeEntry(value).maxTimestamp < timestampMs) continue;
      const position = baseOffsetOfKey(key);
      const { bytes } = this.fetch(partitionId, partition, {
        position,
        stopPosition: undefined,
        bytesMax: 1,
      });
      const cursor = new RecordBatchCursor({ ...partition, bytes: Buffer.from(bytes), position });
      while (cursor.next()) if (cursor.timestamp >= timestampMs) return cursor.offset;
    }
    return endOffset;
  }

  /** The batches from the one that holds the position, at least one where there is any. */
  private entriesFrom(partitionId: number, request: FetchRange, endOffset: number): PlacedEntry[] {
    const end = Math.min(endOffset, request.stopPosition ?? endOffset);
    const found: PlacedEntry[] = [];
    if (request.position >= end) return found;
    const first = this.entryAtOrBefore(partitionId, request.position);
    if (first === undefined) return found;
    let byteLength = 0;
    for (const { key, value } of this.database.index.getRange({
      start: indexKey(partitionId, first.baseOffset),
      end: indexKey(partitionId, end),
    })) {
      const entry = decodeEntry(value);
      byteLength += entry.byteLength;
      if (found.length > 0 && byteLength > request.bytesMax) break;
      found.push({ baseOffset: baseOffsetOfKey(key), entry });
    }
    return found;
  }

  private entryAtOrBefore(partitionId: number, offset: number): PlacedEntry | undefined {
    for (const { key, value } of this.database.index.getRange({
      start: indexKey(partitionId, offset),
      // Exclusive in a reverse range, so a key that sorts just before the partition's first.
      end: indexKey(partitionId, 0).subarray(0, 4),
      reverse: true,
      limit: 1,
    })) {
      return { baseOffset: baseOffsetOfKey(key), entry: decodeEntry(value) };
    }
    return undefined;
  }

  private copyBatch(
    entry: BatchEntry,
    target: Buffer,
    at: number,
    partition: TopicPartition,
    offset: number,
  ): void {
    // The bytes are LMDB's own and valid only until its next call, so they are copied at once.
    const stored = this.database.batches.getBinaryFast(idKey(entry.batchId));
    if (stored === undefined || stored.length !== entry.byteLength) {
      throw new LogError(
        'corrupt-batch',
        `Topic ${partition.topic}, partition ${partition.partition}: the batch at offset ${offset} is missing from ` +
          'the embedded log. Its files are damaged; restore them from a copy.',
      );
    }
    target.set(stored.length === stored.byteLength ? stored : stored.subarray(0, entry.byteLength), at);
  }
}

export interface FetchRange {
  readonly position: number;
  readonly stopPosition: number | undefined;
  readonly bytesMax: number;
}

interface PlacedEntry {
  readonly baseOffset: number;
  readonly entry: BatchEntry;
}

function outOfRange(partition: TopicPartition, position: number, endOffset: number): LogError {
  return new LogError(
    'offset-out-of-range',
    `Topic ${partition.topic}, partition ${partition.partition} has no offset ${position}; it ends at ${endOffset}. ` +
      'Was the log replaced since the checkpoint? Start the job anew with --fresh, or bring the former log back; or let the source go on elsewhere, with onOffsetOutOfRange.',
  );
}
