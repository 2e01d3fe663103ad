import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Database, open, type RootDatabase } from 'lmdb';
import type { Clock } from '../host/clock.js';
import { MillraceError } from '../protocol/failures.js';
import type { OperatorUid } from '../protocol/ids.js';
import { LmdbStateBase } from './lmdb-state-base.js';
import { operatorFileName } from './operator-file-name.js';
import type { StateBase, StateBases, StoreIdentity } from './state-base.js';

/**
 * The bases of one slot in one LMDB environment, a named database for each operator. The environment is
 * opened by this thread alone: one that died holding a shared environment's write lock would poison the others.
 */
export class LmdbStateBases implements StateBases {
  readonly location: string;
  private readonly clock: Clock;
  private environment: RootDatabase<Buffer, Buffer> | undefined;

  /** @param path a folder of its own; nothing is opened or created before it is needed. */
  constructor(path: string, clock: Clock) {
    this.location = path;
    this.clock = clock;
  }

  async openExisting(operatorUid: OperatorUid): Promise<StateBase | undefined> {
    // LMDB would open a missing folder silently, as an empty store.
    if (this.environment === undefined && !existsSync(join(this.location, dataFileName))) return undefined;
    const database = this.openDatabase(operatorUid);
    return LmdbStateBase.open(database, this.location, this.clock);
  }

  async create(identity: StoreIdentity): Promise<StateBase> {
    try {
      mkdirSync(this.location, { recursive: true });
    } catch (error) {
      throw this.openFailure(error);
    }
    const database = this.openDatabase(identity.operatorUid);
    return LmdbStateBase.create(database, this.location, this.clock, identity);
  }

  async close(): Promise<void> {
    const environment = this.environment;
    this.environment = undefined;
    await environment?.close();
  }

  private openDatabase(operatorUid: OperatorUid): Database<Buffer, Buffer> {
    try {
      const options = {
        path: this.location,
        noSubdir: false,
        maxDbs: operatorsMax,
        batchStartThreshold,
        // A commit is then durable when its promise resolves: nothing else has to be waited for.
        overlappingSync: false,
        // Else lmdb makes promises that nobody holds, whose rejection ends the process.
        eventTurnBatching: false,
        encoding: 'binary',
        keyEncoding: 'binary',
        cache: false,
      } as const;
      this.environment ??= open<Buffer, Buffer>(options);
      return this.environment.openDB<Buffer, Buffer>(operatorFileName(operatorUid), {
        encoding: 'binary',
        keyEncoding: 'binary',
        cache: false,
      });
    } catch (error) {
      throw this.openFailure(error);
    }
  }

  private openFailure(cause: unknown): MillraceError {
    const reason = cause instanceof Error ? cause.message : String(cause);
    return new MillraceError(
      `The state store in ${this.location} can't be opened: ${reason}. Check that the folder is writable and the disk is not full; if its files are damaged, put a copy of the state folder in place, or start with --fresh, which gives up the state.`,
      { domain: 'outside-system', action: 'fail-job', cause },
    );
  }
}

const dataFileName = 'data.mdb';
/**
 * Operations of a batch with which LMDB's writer begins before the batch is complete: never. It would wait for
 * the rest in native code, and a thread that is terminated at that moment would never end, nor its process.
 */
const batchStartThreshold = Number.MAX_SAFE_INTEGER;
/** Keyed operators of one job. LMDB reserves room for each when it opens. */
const operatorsMax = 512;
