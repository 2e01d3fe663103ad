import { open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describeFileError, errorCode } from '../../host/file-error-sentence.js';
import { syncFolder } from '../../host/node-files.js';
import { MillraceError } from '../../protocol/failures.js';
import type { FileCommittable } from './file-committable.js';
import { inProgressSuffix } from './file-sink-writer.js';

/**
 * Ends what earlier attempts have begun, while none runs: what the newest checkpoint names gets its final name,
 * cut off where that checkpoint was; everything else of the sink that is in progress is removed, since the
 * records in it will be written again. Repeating it, after a crash in its middle too, changes nothing.
 *
 * @throws MillraceError when a file can't be committed: its records exist nowhere else.
 */
export async function settleFiles(
  sink: { readonly folder: string; readonly prefix: string },
  committables: readonly FileCommittable[],
  warn: (message: string) => void,
): Promise<void> {
  for (const committable of committables) await commit(committable, warn);
  let removed = 0;
  for (const name of await namesIn(sink.folder)) {
    if (!name.startsWith(`.${sink.prefix}-`) || !name.endsWith(inProgressSuffix)) continue;
    await attempted('remove', join(sink.folder, name), (path) => rm(path, { force: true }));
    removed += 1;
  }
  if (committables.length + removed > 0) await attempted('write', sink.folder, (path) => syncFolder(path));
}

async function commit(
  { path, target, length }: FileCommittable,
  warn: (message: string) => void,
): Promise<void> {
  const size = await sizeOf(path);
  if (size === undefined) {
    // Committed before the crash; and where it is gone by now, somebody has taken it on.
    if ((await sizeOf(target)) === undefined) {
      warn(
        `${target}, which the checkpoint names, is not there: it was moved or removed since its commit, or is lost.`,
      );
    }
    return;
  }
  if (size < length) {
    throw new MillraceError(
      `${path} has ${size} bytes, but the checkpoint counts on ${length}: its records are lost. Restore the file, or start with --fresh, which gives them up.`,
      { domain: 'outside-system', action: 'fail-job' },
    );
  }
  await attempted('write', path, async () => {
    if (size > length) await cutOff(path, length);
    await rename(path, target);
  });
}

async function cutOff(path: string, length: number): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.truncate(length);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw failure('list', folder, error);
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw failure('read', path, error);
  }
}

async function attempted(
  verb: 'write' | 'remove',
  path: string,
  action: (path: string) => Promise<void>,
): Promise<void> {
  try {
    await action(path);
  } catch (error) {
    throw failure(verb, path, error);
  }
}

function failure(verb: 'list' | 'read' | 'remove' | 'write', path: string, cause: unknown): MillraceError {
  return new MillraceError(describeFileError(verb, path, cause), {
    domain: 'outside-system',
    action: 'restart',
    cause,
  });
}
