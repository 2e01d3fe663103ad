/** What was tried, on which file, why it failed, and what a person can do about it, in one sentence or two. */
export function describeFileError(verb: FileVerb, path: string, error: unknown): string {
  return `Could not ${verb} ${path}: ${explanation(error)}`;
}

export type FileVerb = 'read' | 'write' | 'list' | 'remove' | 'open';

export function errorCode(error: unknown): string | undefined {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}

function explanation(error: unknown): string {
  switch (errorCode(error)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return 'the disk (or its quota) is full. Free some space and start again: nothing that was already written is lost.';
    case 'EFBIG':
      return 'it would pass the limit on the size of files. Raise the limit (ulimit -f) and start again: nothing that was already written is lost.';
    case 'EROFS':
      return 'it lies on a read-only file system. Mount it for writing, or choose another folder with --state-dir.';
    case 'EACCES':
    case 'EPERM':
      return 'this user has no permission for it. Change its owner or permissions, or choose another folder with --state-dir.';
    case 'ENOENT':
      return 'a folder on the way there is missing and can’t be made, or something of it was removed. Choose another folder with --state-dir.';
    case 'ENOTDIR':
    case 'EISDIR':
      return 'a file stands where a folder is needed, or the other way round. Choose another folder with --state-dir.';
    case 'EEXIST':
      return 'something of that name exists already: another process uses the folder, or a file stands in a folder’s place. Choose another folder with --state-dir.';
    case 'EMFILE':
    case 'ENFILE':
      return 'too many files are open. Raise the limit (ulimit -n) and start again.';
    case 'EIO':
      return 'the disk reported an error. Check the device before starting again.';
    default:
      return error instanceof Error ? error.message : String(error);
  }
}
