import type {
  Isolation,
  OffsetRequest,
  TopicDescription,
  TopicPartition,
  TopicPartitionOffset,
} from '../log-port.js';
import type { AbortedTransaction } from '../record-batch/aborted-transactions.js';

/**
 * What the logs of Millrace's own (embedded, in memory) understand; their clients differ only in how these
 * requests travel. Invariant: a request is complete in itself and plain data, so that it survives a thread
 * border, a delay or being sent twice; one that leaned on its sender's state could be neither retried nor
 * answered after its sender is gone.
 */
export type LogRequest =
  | { readonly kind: 'describe-topics'; readonly topics: readonly string[] }
  | { readonly kind: 'list-topics' }
  | { readonly kind: 'create-topic'; readonly topic: string; readonly partitions: number }
  | {
      readonly kind: 'resolve-offsets';
      readonly requests: readonly OffsetRequest[];
      readonly isolation: Isolation;
    }
  | FetchRequest
  | { readonly kind: 'close-reader'; readonly readerId: number }
  | AppendRequest
  | BeginTransactionRequest
  | { readonly kind: 'prepare-transaction'; readonly transaction: TransactionHandle }
  | EndTransactionRequest
  | {
      readonly kind: 'commit-offsets';
      readonly groupId: string;
      readonly offsets: readonly TopicPartitionOffset[];
    };

export interface FetchRequest extends TopicPartition {
  readonly kind: 'fetch';
  /** Unique within its client. `close-reader` has the waiting fetches of a reader answered at once, with nothing. */
  readonly readerId: number;
  readonly position: number;
  /** Exclusive. */
  readonly stopPosition: number | undefined;
  /** At least one batch is given even where it is larger. */
  readonly bytesMax: number;
  readonly isolation: Isolation;
  /** Whether the answer may wait until there is something at `position`. */
  readonly waitForData: boolean;
}

export interface AppendRequest {
  readonly kind: 'append';
  readonly batches: readonly EncodedBatch[];
  /** Absent for a plain append. */
  readonly transaction: TransactionHandle | undefined;
}

/** A record batch (base offset 0) on its way into a partition. */
export interface EncodedBatch extends TopicPartition {
  /** Exactly the batch. Given away: the sender doesn't touch it again. */
  readonly bytes: ArrayBuffer;
}

export interface BeginTransactionRequest {
  readonly kind: 'begin-transaction';
  readonly transactionalId: string;
  readonly transactionTimeoutMs: number;
}

export interface EndTransactionRequest {
  readonly kind: 'end-transaction';
  readonly transaction: TransactionHandle;
  readonly outcome: 'commit' | 'abort';
}

/** Who may write in a transaction. A higher epoch of the id shuts out the lower ones. */
export interface TransactionHandle {
  readonly transactionalId: string;
  readonly producerId: number;
  readonly producerEpoch: number;
}

export interface LogReplies {
  'describe-topics': readonly TopicDescription[];
  'list-topics': readonly string[];
  'create-topic': undefined;
  'resolve-offsets': readonly number[];
  fetch: FetchReply;
  'close-reader': undefined;
  append: undefined;
  'begin-transaction': TransactionHandle;
  'prepare-transaction': undefined;
  'end-transaction': undefined;
  'commit-offsets': undefined;
}

export interface FetchReply {
  /** Consecutive record batches; empty when there are none at the position. The receiver's own. */
  readonly bytes: ArrayBuffer;
  /** The last stable offset; for `read_uncommitted` the end of what is written. */
  readonly endOffset: number;
  /** Whose batches among `bytes` are void; the embedded log never has any. */
  readonly abortedTransactions: readonly AbortedTransaction[];
}

export type LogReply = LogReplies[LogRequest['kind']];
