import { type FileHandle, mkdir, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { describeFileError } from '../../host/file-error-sentence.js';
import { syncFolder } from '../../host/node-files.js';
import { MillraceError } from '../../protocol/failures.js';
import type { CheckpointId } from '../../protocol/ids.js';
import type { FileCommittable } from './file-committable.js';

/**
 * One file of a file sink: in progress, then pending (closed, and fsynced), then finished (renamed). Writes
 * follow each other in the order of `append`; their first error is every later call's.
 */
export class PartFile {
  readonly path: string;
  readonly target: string;
  readonly openedAtMs: number;
  /** Bytes appended, written or not. */
  bytes = 0;
  /** The checkpoint that it is pending in; undefined while it is in progress, or closed since the last barrier. */
  checkpointId: CheckpointId | undefined;
  /** What `close` has answered. */
  closed: Promise<void> | undefined;
  private readonly file: Promise<FileHandle>;
  private written: Promise<void>;

  /** `openedAtMs` is monotonic. */
  constructor(path: string, target: string, openedAtMs: number) {
    this.path = path;
    this.target = target;
    this.openedAtMs = openedAtMs;
    this.file = openNew(path);
    this.written = this.file.then(() => {});
    // Whoever waits for the part is told.
    this.written.catch(() => {});
  }

  get committable(): FileCommittable {
    return { path: this.path, target: this.target, length: this.bytes };
  }

  /** The bytes must not be changed any more. */
  append(bytes: Uint8Array): Promise<void> {
    this.bytes += bytes.length;
    return this.afterWritten((file) => file.appendFile(bytes));
  }

  /** Everything appended so far is durable. */
  sync(): Promise<void> {
    return this.afterWritten((file) => file.sync());
  }

  /** Nothing is appended any more; all of it is durable. */
  close(): Promise<void> {
    this.closed = this.afterWritten(async (file) => {
      await file.sync();
      await file.close();
    });
    return this.closed;
  }

  /** Gives the file up, as it is. */
  async abandon(): Promise<void> {
    await this.written.catch(() => {});
    const file = await this.file.catch(() => undefined);
    await file?.close();
  }

  async finish(): Promise<void> {
    try {
      await rename(this.path, this.target);
    } catch (error) {
      throw writeFailure(this.target, error);
    }
  }

  private afterWritten(action: (file: FileHandle) => Promise<void>): Promise<void> {
    this.written = this.written.then(async () => {
      try {
        await action(await this.file);
      } catch (error) {
        throw writeFailure(this.path, error);
      }
    });
    this.written.catch(() => {});
    return this.written;
  }
}

async function openNew(path: string): Promise<FileHandle> {
  try {
    const folder = dirname(path);
    const topmostMade = await mkdir(folder, { recursive: true });
    // A file is only as durable as every folder name above it.
    for (
      let made = folder;
      topmostMade !== undefined && made.length >= topmostMade.length;
      made = dirname(made)
    ) {
      await syncFolder(dirname(made));
    }
    return await open(path, 'ax');
  } catch (error) {
    throw writeFailure(path, error);
  }
}

function writeFailure(path: string, cause: unknown): MillraceError {
  if (cause instanceof MillraceError) return cause;
  return new MillraceError(describeFileError('write', path, cause), {
    domain: 'outside-system',
    action: 'restart',
    cause,
  });
}
