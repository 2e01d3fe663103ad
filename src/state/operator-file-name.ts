import { createHash } from 'node:crypto';
import type { OperatorUid } from '../protocol/ids.js';

/**
 * A name for an operator's files and tables: readable, different for different operators (also where the file
 * system ignores case), and valid on every file system.
 */
export function operatorFileName(uid: OperatorUid): string {
  if (/^[a-z0-9][a-z0-9_-]*$/.test(uid) && uid.length <= readableCharsMax) return uid;
  const readable = uid
    .toLowerCase()
    .replaceAll(/[^a-z0-9_-]/g, '_')
    .slice(0, readableCharsMax);
  // A dot is in no name without a hash, so the two kinds can't meet.
  return `${readable}.${createHash('sha256').update(uid).digest('hex').slice(0, hashChars)}`;
}

const readableCharsMax = 60;
const hashChars = 16;
