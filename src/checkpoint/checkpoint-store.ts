import { type Files, temporaryFileSuffix } from '../host/files.js';
import { type CheckpointId, checkpointId } from '../protocol/ids.js';
import type { AttemptLedger } from './attempt-ledger.js';
import type { CheckpointMetadata } from './checkpoint-metadata.js';
import { decodeChecksummedJson, encodeChecksummedJson } from './checksummed-json.js';
import { type DurableCheckpoint, durableCheckpoint } from './durable-checkpoint.js';
import type { DurableJobState } from './recovery-decision.js';

/**
 * What a job's state folder says about its checkpoints and attempts. Invariants: the newest checkpoint by
 * number is the one that counts, and a damaged one is an error, never a reason to take an older one, whose
 * successor's transactions may be committed; an older one is removed only after a newer one is durable.
 */
export class CheckpointStore {
  private readonly files: Files;
  /** The folder's name for people, in errors. */
  private readonly location: string;
  /** Checkpoints on disk, as far as known. */
  private readonly onDisk = new Set<CheckpointId>();
  private ledger: AttemptLedger | undefined;
  /** Writes run one after another, so that a later change of the ledger is never overtaken by an earlier one. */
  private lastWrite: Promise<unknown> = Promise.resolve();

  constructor(files: Files, location: string) {
    this.files = files;
    this.location = location;
  }

  /**
   * Reads the disk, after every write in flight has ended.
   * @throws MillraceError (`fail-job`) that names a damaged file and says what to do.
   */
  async read(): Promise<DurableJobState> {
    await this.idle();
    this.ledger = await this.readJson<AttemptLedger>(ledgerKind, ledgerFile);
    this.onDisk.clear();
    for (const name of await this.files.list(checkpointFolder)) {
      const id = checkpointIdOf(name);
      if (id !== undefined) this.onDisk.add(id);
      // A crash left it behind; it was never a checkpoint.
      else if (name.endsWith(temporaryFileSuffix)) await this.files.remove(`${checkpointFolder}/${name}`);
    }
    const newest = Math.max(...this.onDisk);
    const metadata =
      this.onDisk.size === 0
        ? undefined
        : await this.readJson<CheckpointMetadata>(checkpointKind, checkpointFile(checkpointId(newest)));
    return {
      ledger: this.ledger,
      newestCheckpoint: metadata === undefined ? undefined : durableCheckpoint(metadata),
    };
  }

  /** @throws FileWriteError; with an unknown outcome nobody may go on without reading the disk again. */
  writeCheckpoint(metadata: CheckpointMetadata): Promise<DurableCheckpoint> {
    const id = metadata.checkpointId;
    return this.write(async () => {
      const newest = Math.max(-1, ...this.onDisk);
      if (newest >= id) throw new Error(`Checkpoint ${id} would be written after checkpoint ${newest}.`);
      const bytes = encodeChecksummedJson(checkpointKind, checkpointFormatVersion, metadata);
      await this.files.writeAtomically(checkpointFile(id), bytes);
      this.onDisk.add(id);
      return durableCheckpoint(metadata);
    });
  }

  /** Changes the ledger as it is after every earlier change. Resolves when that is durable. @throws FileWriteError */
  updateLedger(change: (ledger: AttemptLedger | undefined) => AttemptLedger): Promise<AttemptLedger> {
    return this.write(async () => {
      const changed = change(this.ledger);
      await this.files.writeAtomically(
        ledgerFile,
        encodeChecksummedJson(ledgerKind, ledgerFormatVersion, changed),
      );
      this.ledger = changed;
      return changed;
    });
  }

  /** Removes the metadata of checkpoints before this one. Need not be durable: the newest counts. */
  async removeOlder(than: CheckpointId): Promise<void> {
    for (const id of [...this.onDisk].filter((known) => known < than)) {
      await this.files.remove(checkpointFile(id));
      this.onDisk.delete(id);
    }
  }

  /** Resolves when no write is in flight. */
  async idle(): Promise<void> {
    await this.lastWrite;
  }

  private write<T>(action: () => Promise<T>): Promise<T> {
    const result = this.lastWrite.then(action);
    this.lastWrite = result.catch(() => undefined);
    return result;
  }

  private async readJson<T>(kind: FileKind, path: string): Promise<T | undefined> {
    const bytes = await this.files.read(path);
    if (bytes === undefined) return undefined;
    const version = kind === checkpointKind ? checkpointFormatVersion : ledgerFormatVersion;
    // The checksum vouches for the shape: these are the bytes that were encoded from a T.
    return decodeChecksummedJson(kind, version, bytes, `${this.location}/${path}`) as T;
  }
}

const checkpointFormatVersion = 1;
const ledgerFormatVersion = 1;
const checkpointKind = 'checkpoint';
const ledgerKind = 'attempts';
type FileKind = typeof checkpointKind | typeof ledgerKind;

const checkpointFolder = 'checkpoints';
const ledgerFile = 'attempts.json';
const checkpointFile = (id: CheckpointId): string => `${checkpointFolder}/chk-${id}.json`;

function checkpointIdOf(fileName: string): CheckpointId | undefined {
  const match = /^chk-(\d+)\.json$/.exec(fileName);
  return match === null ? undefined : checkpointId(Number(match[1]));
}
