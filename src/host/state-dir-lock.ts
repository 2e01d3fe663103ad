import { type FileHandle, mkdir, open, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { tryLock } from 'fs-native-extensions';
import { MillraceError } from '../protocol/failures.js';
import { describeFileError, errorCode } from './file-error-sentence.js';

/**
 * Keeps a second process out of a state folder, where it would overwrite checkpoints and abort the first
 * one's transactions. The operating system holds the lock on an open file and releases it when the process
 * ends, however it ends; a process id in a file would go stale, and in containers every process is number 1.
 */
export interface StateDirLock {
  release(): Promise<void>;
}

/**
 * Creates the folder where there is none. Never waits.
 * @throws MillraceError (`fail-job`) when another process holds the folder, or it can't be written.
 */
export async function lockStateDir(stateDir: string): Promise<StateDirLock> {
  const folder = resolve(stateDir);
  const path = join(folder, lockFileName);
  const file = await openLockFile(folder, path);
  try {
    if (!tryLock(file.fd, lockedByteOffset, 1)) throw await heldByAnother(folder, file);
    await describeOwner(file);
  } catch (error) {
    await file.close();
    throw error instanceof MillraceError ? error : unusable(path, error);
  }
  // The file stays: removing it would let a third process lock a new file while a second waits on the old one.
  return { release: () => file.close() };
}

const lockFileName = 'lock';
/** Beyond the owner's description, so that others can read that where locks are mandatory (Windows). */
const lockedByteOffset = 65_536;

async function openLockFile(folder: string, path: string): Promise<FileHandle> {
  try {
    await makeFolder(folder);
  } catch (error) {
    throw unusable(folder, error);
  }
  try {
    // Not truncated: the file may describe the process that holds it.
    return await open(path, 'a+');
  } catch (error) {
    throw unusable(path, error);
  }
}

/** Not mkdir's `recursive`: where a file system answers ENOENT to every mkdir, as /proc does, it tries for ever. */
async function makeFolder(folder: string): Promise<void> {
  if (await isFolder(folder)) return;
  const parent = dirname(folder);
  if (!(await isFolder(parent))) await makeFolder(parent);
  try {
    await mkdir(folder);
  } catch (error) {
    // Another process may have made it in between.
    if (errorCode(error) !== 'EEXIST' || !(await isFolder(folder))) throw error;
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw error;
  }
}

async function describeOwner(file: FileHandle): Promise<void> {
  await file.truncate(0);
  await file.write(`${process.pid} on ${hostname()}\n`);
}

async function heldByAnother(folder: string, file: FileHandle): Promise<MillraceError> {
  const buffer = Buffer.alloc(256);
  const { bytesRead } = await file.read(buffer, 0, buffer.length, 0).catch(() => ({ bytesRead: 0 }));
  const owner = buffer.toString('utf8', 0, bytesRead).trim();
  return new MillraceError(
    `The state folder ${folder} is in use by another process${owner === '' ? '' : ` (process ${owner})`}. ` +
      'Stop that one first, or give this job another folder with --state-dir.',
    { domain: 'outside-system', action: 'fail-job' },
  );
}

function unusable(path: string, cause: unknown): MillraceError {
  return new MillraceError(describeFileError('open', path, cause), {
    domain: 'outside-system',
    action: 'fail-job',
    cause,
  });
}
