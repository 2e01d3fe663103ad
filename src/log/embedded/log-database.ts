import { type Database, open, type RootDatabase } from 'lmdb';
import { makeLmdbFileSafeToOpen } from '../../host/lmdb-data-file.js';
import { LogError } from '../log-port.js';

/**
 * The embedded log's LMDB environment. Invariant: opened by one thread of one process at a time, and every
 * write is a synchronous transaction that LMDB has synced to disk when `write` returns. So what was answered
 * is durable, a throw undoes all of its transaction, and nothing is under way when the thread ends; the
 * asynchronous writes of lmdb-js would give none of the three.
 *
 * Tables, all numbers big-endian so that their order is the order of the bytes:
 *
 *     topics        name                                -> JSON {partitions, firstPartitionId}
 *     batches       batch id u64                        -> record batch, base offset 0
 *     index         partition id u32, base offset u64   -> batch entry: what is visible
 *     staged        producer id u64, batch id u64       -> partition id u32, batch entry: what waits for its commit
 *     transactions  transactional id                    -> JSON {producerId, producerEpoch, phase, …}
 *     groups        group, topic, partition             -> committed offset
 *     counters      name                                -> the next id
 *
 * A batch is stored once. Committing a transaction moves entries from `staged` to `index` and copies no
 * record, so that its cost depends on the number of batches, not on their size.
 */
export class LogDatabase {
  readonly topics: Database<StoredTopic, string>;
  readonly batches: Database<Uint8Array, Buffer>;
  readonly index: Database<Buffer, Buffer>;
  readonly staged: Database<Buffer, Buffer>;
  readonly transactions: Database<StoredTransaction, string>;
  readonly groups: Database<number, [group: string, topic: string, partition: number]>;
  private readonly counters: Database<number, string>;
  private readonly root: RootDatabase;
  private readonly path: string;

  /** @throws LogError `invalid-configuration` when the folder can't be used or holds something else. */
  constructor(path: string) {
    this.path = path;
    try {
      makeLmdbFileSafeToOpen(path);
      this.root = open({ path, maxDbs: 12, overlappingSync: false, cache: false, encoding: 'json' });
      const binary = { encoding: 'binary', keyEncoding: 'binary', cache: false } as const;
      this.topics = this.root.openDB('topics', { encoding: 'json', cache: false });
      this.batches = this.root.openDB('batches', binary);
      this.index = this.root.openDB('index', binary);
      this.staged = this.root.openDB('staged', binary);
      this.transactions = this.root.openDB('transactions', { encoding: 'json', cache: false });
      this.groups = this.root.openDB('groups', { encoding: 'json', cache: false });
      this.counters = this.root.openDB('counters', { encoding: 'json', cache: false });
    } catch (error) {
      throw new LogError(
        'invalid-configuration',
        `The embedded log in ${path} can't be opened: ${messageOf(error)}. Check that the folder is writable and ` +
          'holds nothing but the log; where its files are damaged, restore them or give another folder.',
        { cause: error },
      );
    }
    this.checkFormat();
  }

  /**
   * Runs `work` as one durable transaction. A throw undoes it and is passed on.
   * @throws LogError `internal` when the disk refuses.
   */
  write<T>(work: () => T): T {
    try {
      return this.root.transactionSync(work);
    } catch (error) {
      if (error instanceof LogError) throw error;
      throw new LogError(
        'internal',
        `The embedded log in ${this.path} can't be written: ${messageOf(error)}. Nothing of this write is in the ` +
          'log. Check that its disk has room and works.',
        { cause: error },
      );
    }
  }

  /** Only within `write`. */
  nextCounter(name: 'partition' | 'producer' | 'batch', count = 1): number {
    const next = this.counters.get(name) ?? 0;
    this.counters.putSync(name, next + count);
    return next;
  }

  async close(): Promise<void> {
    await this.root.close();
  }

  private checkFormat(): void {
    const found = this.counters.get('format version');
    if (found === undefined) {
      this.write(() => this.counters.putSync('format version', formatVersion));
    } else if (found !== formatVersion) {
      throw new LogError(
        'invalid-configuration',
        `The embedded log in ${this.path} has format version ${found}; this version of Millrace reads ${formatVersion}. ` +
          'Use the version that wrote it, or give another folder.',
      );
    }
  }
}

export interface StoredTopic {
  readonly partitions: number;
  /** Its partitions have consecutive ids from here, unique over all topics. */
  readonly firstPartitionId: number;
}

export interface StoredTransaction {
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly phase: TransactionPhase;
  readonly transactionTimeoutMs: number;
}

export type TransactionPhase =
  /** Begun, nothing appended. */
  | 'empty'
  | 'ongoing'
  /** Durable and closed; only a commit, an abort or the id's next begin ends it. */
  | 'prepared'
  | 'committed'
  | 'aborted';

const formatVersion = 1;

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
