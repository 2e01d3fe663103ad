import type { Database } from 'lmdb';
import type { Clock } from '../host/clock.js';
import { MillraceError } from '../protocol/failures.js';
import { checkpointId } from '../protocol/ids.js';
import { reservedKeyGroup } from './key-layout.js';
import type { Cell, CellChange, MergeProgress, StateBase, StoreIdentity } from './state-base.js';

/** One operator's base: a named database of the slot's LMDB environment. */
export class LmdbStateBase implements StateBase {
  readonly identity: StoreIdentity;
  progress: MergeProgress;
  private readonly database: Database<Buffer, Buffer>;
  private readonly location: string;
  private readonly clock: Clock;
  private holdsCells: boolean;

  private constructor(
    database: Database<Buffer, Buffer>,
    location: string,
    clock: Clock,
    record: BaseRecord,
    holdsCells: boolean,
  ) {
    this.database = database;
    this.location = location;
    this.clock = clock;
    this.identity = record.identity;
    this.progress = record.progress;
    this.holdsCells = holdsCells;
  }

  /** Undefined when the database was never begun as a base. */
  static open(database: Database<Buffer, Buffer>, location: string, clock: Clock): LmdbStateBase | undefined {
    const bytes = database.getBinary(recordKey);
    if (bytes === undefined) return undefined;
    const base = new LmdbStateBase(database, location, clock, readRecord(bytes, location), true);
    base.holdsCells = base.scan(firstCellKey, recordKey, 1).length > 0;
    return base;
  }

  static async create(
    database: Database<Buffer, Buffer>,
    location: string,
    clock: Clock,
    identity: StoreIdentity,
  ): Promise<LmdbStateBase> {
    const progress = { mergedThrough: checkpointId(0), mergingThrough: checkpointId(0) };
    const record: BaseRecord = { formatVersion: baseFormatVersion, identity, progress };
    const base = new LmdbStateBase(database, location, clock, record, false);
    // A crash between the two leaves no record, hence no base: nothing is taken for what it is not.
    database.clearSync();
    await base.commit([], record);
    return base;
  }

  mayHoldCells(): boolean {
    return this.holdsCells;
  }

  get(cellKey: Buffer): Buffer | undefined {
    const bytes = this.database.getBinary(cellKey);
    return bytes === undefined ? undefined : asBuffer(bytes);
  }

  scan(from: Buffer, to: Buffer, limit: number): Cell[] {
    const cells: Cell[] = [];
    // Read to its end at once: an iterator that is kept pins its snapshot of the database.
    for (const { key, value } of this.database.getRange({ start: from, end: to, limit })) {
      cells.push({ key: Buffer.from(key), value: Buffer.from(value) });
    }
    return cells;
  }

  async applyMerge(changes: readonly CellChange[], progress: MergeProgress): Promise<void> {
    if (changes.length > 0) this.holdsCells = true;
    await this.commit(changes, { formatVersion: baseFormatVersion, identity: this.identity, progress });
    this.progress = progress;
  }

  private async commit(changes: readonly CellChange[], record: BaseRecord): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await this.withinTimeout(this.write(changes, record));
        break;
      } catch (error) {
        // What fails is rolled back whole, so it can be repeated. lmdb 3.5 fails a commit now and then over
        // its list of free pages (MDB_BAD_TXN), where the same commit succeeds the second time.
        if (attempt === commitAttemptsMax || error instanceof CommitTimeout)
          throw this.commitFailure(error, attempt);
        await new Promise<void>((resolve) => this.clock.setTimer(commitRetryMs * attempt, resolve));
      }
    }
    // Reads go on in the transaction they began in; what leaves the cache now must be found in the new one.
    this.database.resetReadTxn();
  }

  /** Puts of one batch are carried out by LMDB's own thread, in one transaction. */
  private write(changes: readonly CellChange[], record: BaseRecord): Promise<boolean> {
    const database = this.database;
    return database.batch(() => {
      for (const { key, value } of changes) {
        if (value === undefined) database.remove(key);
        else database.put(key, value);
      }
      database.put(recordKey, Buffer.from(JSON.stringify(record)));
    });
  }

  private withinTimeout(committed: Promise<boolean>): Promise<void> {
    return new Promise((resolve, reject) => {
      // LMDB's writer can give up without saying so.
      const cancel = this.clock.setTimer(commitTimeoutMs, () => {
        reject(new CommitTimeout(`it took more than ${commitTimeoutMs / 1000} s`));
      });
      committed.then(
        () => {
          cancel();
          resolve();
        },
        (error: unknown) => {
          cancel();
          // The reason follows in a promise of its own, which would end the process if nobody took it.
          const reason = (error as { commitError?: Promise<unknown> }).commitError;
          reason?.catch(reject);
          this.clock.setTimer(commitReasonWaitMs, () => reject(error));
        },
      );
    });
  }

  private commitFailure(cause: unknown, attempts: number): MillraceError {
    const what = cause instanceof Error ? cause.message : String(cause);
    return new MillraceError(
      `Merging state of operator "${this.identity.operatorUid}" into ${this.location} failed (tried ${attempts} times): ${what}. Check that the disk is not full; the job restarts from its last checkpoint, and nothing is lost.`,
      { domain: 'outside-system', action: 'restart', cause },
    );
  }
}

/** Not repeated: the first one may still happen, and could then undo a later one. */
class CommitTimeout extends Error {
  override readonly name = 'CommitTimeout';
}

interface BaseRecord {
  readonly formatVersion: number;
  readonly identity: StoreIdentity;
  readonly progress: MergeProgress;
}

const baseFormatVersion = 1;
const firstCellKey = Buffer.from([0]);
const recordKey = Buffer.from([reservedKeyGroup >> 8, reservedKeyGroup & 0xff, 0]);

/** Far beyond any commit of a bounded transaction, also on a slow disk under load. */
const commitTimeoutMs = 60_000;
/** A failed commit is repeated after a pause, each longer than the one before. */
const commitAttemptsMax = 4;
const commitRetryMs = 10;
/** How long a failed commit's own reason is waited for before the failure is passed on without it. */
const commitReasonWaitMs = 100;

function readRecord(bytes: Uint8Array, location: string): BaseRecord {
  const record = JSON.parse(asBuffer(bytes).toString('utf8')) as BaseRecord;
  if (record.formatVersion !== baseFormatVersion) {
    throw new MillraceError(
      `The state store in ${location} has format version ${record.formatVersion}, and this Millrace reads version ${baseFormatVersion}. Use the Millrace version that wrote it, or start with --fresh, which gives up the state.`,
      { domain: 'outside-system', action: 'fail-job' },
    );
  }
  return record;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
