import { closeSync, fsync, openSync, renameSync, writeFile, writeFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { promisify } from 'node:util';
import { MillraceError } from '../protocol/failures.js';
import { describeFileError, errorCode } from './file-error-sentence.js';
import { type Files, FileWriteError, temporaryFileSuffix, type WriteOutcome } from './files.js';

/**
 * `Files` on a real folder. A promise that resolved means: the bytes and the name that leads to them are on disk.
 *
 * Checkpoints wait for these writes, so what does not wait for the disk (opening, writing a few KB, renaming)
 * is done at once, in microseconds: a way through libuv's pool, four threads for the whole process, took
 * longer than the fsync itself on a busy machine.
 */
export class NodeFiles implements Files {
  private readonly root: string;
  /** Folders whose own names are durable already, so that each is fsynced up to the root only once. */
  private readonly durableFolders = new Set<string>();

  constructor(root: string) {
    this.root = resolve(root);
  }

  async read(path: string): Promise<Uint8Array | undefined> {
    try {
      return await readFile(this.absolute(path));
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return undefined;
      throw this.accessError('read', path, error);
    }
  }

  async writeAtomically(path: string, bytes: Uint8Array): Promise<void> {
    const target = this.absolute(path);
    const temporary = target + temporaryFileSuffix;
    // What a failed call means depends on how far it got, not on its error.
    let outcome: WriteOutcome = 'not-written';
    try {
      await this.ensureFolder(dirname(target));
      await writeAndSync(temporary, 'w', bytes);
      outcome = 'unknown';
      renameSync(temporary, target);
      await syncFolder(dirname(target));
    } catch (error) {
      if (outcome === 'not-written') await rm(temporary, { force: true }).catch(() => undefined);
      throw new FileWriteError(describeFileError('write', target, error), outcome, { cause: error });
    }
  }

  async writeNew(path: string, bytes: Uint8Array): Promise<void> {
    const target = this.absolute(path);
    try {
      await this.ensureFolder(dirname(target));
      await writeAndSync(target, 'wx', bytes, () => syncFolder(dirname(target)));
    } catch (error) {
      // Unlike a rename, this leaves no doubt that matters: a torn or complete new file replaces nothing.
      throw new FileWriteError(describeFileError('write', target, error), 'not-written', { cause: error });
    }
  }

  async list(folder: string): Promise<string[]> {
    try {
      const entries = await readdir(this.absolute(folder), { withFileTypes: true });
      return entries
        .filter((entry) => entry.isFile())
        .map((entry) => entry.name)
        .sort();
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return [];
      throw this.accessError('list', folder, error);
    }
  }

  async remove(path: string): Promise<void> {
    const target = this.absolute(path);
    // A folder made anew under the same name is not yet durable.
    for (const folder of this.durableFolders) {
      if (isWithin(folder, target)) this.durableFolders.delete(folder);
    }
    try {
      await rm(target, { recursive: true, force: true });
    } catch (error) {
      throw this.accessError('remove', path, error);
    }
  }

  private absolute(path: string): string {
    return join(this.root, path);
  }

  /** A file is only as durable as every folder name above it. */
  private async ensureFolder(folder: string): Promise<void> {
    if (this.durableFolders.has(folder)) return;
    const topmostCreated = await mkdir(folder, { recursive: true });
    // Also where nothing was created: an earlier process may have crashed between its mkdir and this.
    const topmost =
      topmostCreated !== undefined && isWithin(this.root, topmostCreated) ? topmostCreated : this.root;
    const last = dirname(topmost);
    for (let current = dirname(folder); isWithin(current, last); current = dirname(current)) {
      await syncFolder(current, isWithin(current, this.root) ? 'required' : 'where-permitted');
      if (current === last) break;
    }
    this.durableFolders.add(folder);
  }

  private accessError(verb: 'read' | 'list' | 'remove', path: string, cause: unknown): MillraceError {
    return new MillraceError(describeFileError(verb, this.absolute(path), cause), {
      domain: 'outside-system',
      action: 'restart',
      cause,
    });
  }
}

/** `alongside` begins when the file has its name, so that the two waits for the disk overlap. */
async function writeAndSync(
  path: string,
  flags: 'w' | 'wx',
  bytes: Uint8Array,
  alongside: () => Promise<void> = async () => {},
): Promise<void> {
  const file = openSync(path, flags);
  try {
    if (bytes.length <= writtenAtOnceBytesMax) writeFileSync(file, bytes);
    else await writeInPool(file, bytes);
    // Both have ended before the file is closed: its number may belong to another one right afterwards.
    const ends = await Promise.allSettled([sync(file), alongside()]);
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  } finally {
    closeSync(file);
  }
}

const writeInPool = promisify(writeFile);
const sync = promisify(fsync);
/** Some 20 µs into the page cache. A larger file would hold up the thread's records. */
const writtenAtOnceBytesMax = 64 * 1024;

/** `where-permitted`: a folder above the root may belong to somebody else, and is then theirs to keep. */
export async function syncFolder(
  path: string,
  need: 'required' | 'where-permitted' = 'required',
): Promise<void> {
  // Windows neither needs nor allows it: its folder entries are journalled with the file.
  if (process.platform === 'win32') return;
  try {
    const folder = openSync(path, 'r');
    try {
      await sync(folder);
    } finally {
      closeSync(folder);
    }
  } catch (error) {
    const isForbidden = errorCode(error) === 'EACCES' || errorCode(error) === 'EPERM';
    if (need === 'required' || !isForbidden) throw error;
  }
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}
