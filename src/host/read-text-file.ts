import { readFileSync } from 'node:fs';
import { errorCode } from './file-error-sentence.js';

/** A small file that is read once, at the start. @throws Error with a sentence */
export function readTextFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new Error(`${path} ${explanation(error)}`, { cause: error });
  }
}

function explanation(error: unknown): string {
  switch (errorCode(error)) {
    case 'ENOENT':
      return 'does not exist';
    case 'EISDIR':
      return 'is a folder';
    case 'EACCES':
      return 'may not be read by this user';
    default:
      return `can't be read (${error instanceof Error ? error.message : error})`;
  }
}
