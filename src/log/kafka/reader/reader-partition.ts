import type { RecordBatchCursor } from '../../record-batch/record-batch-cursor.js';
import type { FetchCandidate } from './fetch-plan.js';

/** One partition as a reader holds it. */
export class ReaderPartition implements FetchCandidate {
  readonly topic: string;
  readonly partition: number;
  readonly stopPosition: number | undefined;
  /** Where the next fetch begins: past everything fetched, markers and compacted gaps included. */
  position: number;
  isFetching = false;
  /** The broker says that the position is not in its log, which is looked into; nothing is fetched meanwhile. */
  isPositionInDoubt = false;
  isBehind = true;
  bufferedBytes = 0;
  /** Monotonic ms before which it is not asked for again, after a failure. */
  retryAtMs = Number.NEGATIVE_INFINITY;
  /** As the newest fetch told, for the reader's isolation. */
  endOffset: number | undefined;
  /** Consecutive failed fetches, and since when (monotonic ms). */
  failures = 0;
  failingSinceMs: number | undefined;
  /** Consecutive answers that held bytes and no whole record batch. */
  brokenAnswers = 0;
  readonly fetched: RecordBatchCursor[] = [];

  constructor(topic: string, partition: number, position: number, stopPosition: number | undefined) {
    this.topic = topic;
    this.partition = partition;
    this.position = position;
    this.stopPosition = stopPosition;
  }

  /** Whether a fetch at the present position may be begun. */
  mayFetch(nowMs: number): boolean {
    return !this.isFinished && !this.isFetching && !this.isPositionInDoubt && this.retryAtMs <= nowMs;
  }

  get isFinished(): boolean {
    return this.stopPosition !== undefined && this.position >= this.stopPosition;
  }

  /** Beyond its position, as far as the newest fetch told. */
  get hasMore(): boolean {
    return this.endOffset !== undefined && this.position < this.endOffset;
  }

  succeeded(): void {
    this.failures = 0;
    this.brokenAnswers = 0;
    this.failingSinceMs = undefined;
  }

  /** After a position that was not in the log. */
  goOnAt(position: number): void {
    this.position = position;
    this.isBehind = true;
    this.succeeded();
  }

  failed(nowMs: number, retryAfterMs: number): void {
    this.failures++;
    this.failingSinceMs ??= nowMs;
    this.retryAtMs = nowMs + retryAfterMs;
  }
}
