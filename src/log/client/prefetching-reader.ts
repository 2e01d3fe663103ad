import {
  type LogBatch,
  LogError,
  type LogReader,
  type ReaderOptions,
  type TopicPartition,
} from '../log-port.js';
import { type PositionReset, resetBatch } from '../position-reset.js';
import { AbortedTransactions } from '../record-batch/aborted-transactions.js';
import { RecordBatchCursor } from '../record-batch/record-batch-cursor.js';
import type { LogConnection } from './log-connection.js';
import type { FetchReply } from './log-requests.js';

/**
 * Reads partitions with one fetch under way for each, which waits in the log until there is something.
 *
 * The prefetch budget is shared out evenly: a partition fetches while what it holds leaves room in its
 * share, so a partition that nobody consumes can't starve the others. Only a batch that is larger than what
 * was asked for may overdraw the budget, since it could never be read otherwise.
 */
export class PrefetchingReader implements LogReader {
  private readonly connection: LogConnection;
  private readonly readerId: number;
  private readonly options: ReaderOptions;
  private readonly onClosed: () => void;
  private readonly partitions: PartitionReads[] = [];
  /** The partition that `poll` looks at first; moves on with each answer, for fairness. */
  private turn = 0;
  private readyBatches = 0;
  private isStopped = false;

  constructor(connection: LogConnection, readerId: number, options: ReaderOptions, onClosed: () => void) {
    this.connection = connection;
    this.readerId = readerId;
    this.options = options;
    this.onClosed = onClosed;
  }

  addPartition(partition: TopicPartition, position: number, stopPosition: number | undefined): void {
    const reads: PartitionReads = {
      topic: partition.topic,
      partition: partition.partition,
      stopPosition,
      fetchPosition: position,
      endOffset: undefined,
      isFetching: false,
      heldBytes: 0,
      ready: [],
    };
    this.partitions.push(reads);
    this.fetchNext(reads);
  }

  poll(): LogBatch | undefined {
    if (this.readyBatches === 0) return undefined;
    const count = this.partitions.length;
    for (let i = 0; i < count; i++) {
      const index = (this.turn + i) % count;
      const batch = this.partitions[index]?.ready.shift();
      if (batch === undefined) continue;
      this.turn = (index + 1) % count;
      this.readyBatches--;
      return batch;
    }
    return undefined;
  }

  endOffset(partition: TopicPartition): number | undefined {
    return this.partitions.find((p) => p.partition === partition.partition && p.topic === partition.topic)
      ?.endOffset;
  }

  async close(): Promise<void> {
    if (this.isStopped) return;
    this.stop();
    this.onClosed();
    await this.connection.request({ kind: 'close-reader', readerId: this.readerId });
  }

  /** Reads no more; without telling the log, for when the connection goes as well. */
  stop(): void {
    this.isStopped = true;
    for (const reads of this.partitions) reads.ready.length = 0;
    this.readyBatches = 0;
  }

  private fetchNext(reads: PartitionReads): void {
    if (this.isStopped || reads.isFetching) return;
    if (reads.stopPosition !== undefined && reads.fetchPosition >= reads.stopPosition) return;
    const shareBytes = Math.floor(this.options.prefetchBytes / this.partitions.length);
    const bytesMax = Math.max(1, Math.min(fetchBytesMax, Math.floor(shareBytes / fetchesPerShare)));
    if (reads.heldBytes > 0 && reads.heldBytes + bytesMax > shareBytes) return;
    reads.isFetching = true;
    this.connection
      .request({
        kind: 'fetch',
        readerId: this.readerId,
        topic: reads.topic,
        partition: reads.partition,
        position: reads.fetchPosition,
        stopPosition: reads.stopPosition,
        bytesMax,
        isolation: this.options.isolation ?? 'read_committed',
        // The first answer comes at once, so that the end is known even where there is nothing to read.
        waitForData: reads.endOffset !== undefined,
      })
      .then(
        (reply) => this.onFetched(reads, reply),
        (error: unknown) => this.onFetchFailed(reads, error),
      );
  }

  private onFetchFailed(reads: PartitionReads, error: unknown): void {
    const { onOffsetOutOfRange = 'fail', isolation = 'read_committed' } = this.options;
    const isOutOfRange = error instanceof LogError && error.code === 'offset-out-of-range';
    if (this.isStopped || !isOutOfRange || onOffsetOutOfRange === 'fail') {
      this.fail(error);
      return;
    }
    const { topic, partition } = reads;
    const kind = onOffsetOutOfRange === 'latest' ? 'end' : onOffsetOutOfRange;
    this.connection
      .request({ kind: 'resolve-offsets', requests: [{ topic, partition, spec: { kind } }], isolation })
      .then(
        ([to]) => this.reset(reads, to ?? 0),
        (unresolved: unknown) => this.fail(unresolved),
      );
  }

  private reset(reads: PartitionReads, to: number): void {
    if (this.isStopped) return;
    const { topic, partition, fetchPosition: from } = reads;
    const reset: PositionReset = { topic, partition, from, to };
    reads.isFetching = false;
    reads.fetchPosition = to;
    this.options.onReset?.(reset);
    this.addReady(reads, resetBatch(reset));
    this.fetchNext(reads);
  }

  private onFetched(reads: PartitionReads, reply: FetchReply): void {
    if (this.isStopped) return;
    reads.isFetching = false;
    reads.endOffset = reply.endOffset;
    if (reply.bytes.byteLength > 0) {
      try {
        this.addBatch(reads, reply);
      } catch (error) {
        this.fail(error);
        return;
      }
    }
    this.fetchNext(reads);
  }

  private addBatch(reads: PartitionReads, reply: FetchReply): void {
    const byteLength = reply.bytes.byteLength;
    const batch = new RecordBatchCursor({
      topic: reads.topic,
      partition: reads.partition,
      bytes: Buffer.from(reply.bytes),
      position: reads.fetchPosition,
      stopPosition: reads.stopPosition,
      abortedTransactions:
        reply.abortedTransactions.length === 0
          ? undefined
          : new AbortedTransactions(reply.abortedTransactions),
      onRelease: () => {
        reads.heldBytes -= byteLength;
        this.fetchNext(reads);
      },
    });
    if (batch.positionAfter <= reads.fetchPosition) {
      throw new LogError(
        'internal',
        `Topic ${reads.topic}, partition ${reads.partition}: what the log answered for position ` +
          `${reads.fetchPosition} does not reach beyond it. This is a bug of Millrace; please report it.`,
      );
    }
    reads.fetchPosition = batch.positionAfter;
    reads.heldBytes += byteLength;
    this.addReady(reads, batch);
  }

  private addReady(reads: PartitionReads, batch: LogBatch): void {
    reads.ready.push(batch);
    if (this.readyBatches++ === 0) this.options.onAvailable();
  }

  private fail(error: unknown): void {
    if (this.isStopped) return;
    this.stop();
    this.onClosed();
    this.options.onError(error instanceof Error ? error : new Error(String(error)));
  }
}

interface PartitionReads extends TopicPartition {
  readonly stopPosition: number | undefined;
  /** The position after the last batch fetched. */
  fetchPosition: number;
  endOffset: number | undefined;
  isFetching: boolean;
  /** Bytes fetched and not yet released. */
  heldBytes: number;
  readonly ready: LogBatch[];
}

/** Enough that a request's own cost (some 20 µs) vanishes behind the copying of its bytes. */
const fetchBytesMax = 1024 * 1024;
/** One fetch is consumed while the next is under way. */
const fetchesPerShare = 2;
