import type { KeyGroup } from '../protocol/ids.js';
import type { Key } from './key.js';
import { KeyEncoder } from './key-encoding.js';
import { keyGroupForEncodedKey } from './key-group-assignment.js';

/** Key groups of keys, record by record: one encoder is reused, so nothing is allocated for each key. */
export class KeyGroupHasher {
  private readonly encoder = new KeyEncoder();
  private readonly maxParallelism: number;

  constructor(maxParallelism: number) {
    this.maxParallelism = maxParallelism;
  }

  /** @throws MillraceError for anything that is not a Key. */
  keyGroupOf(key: Key): KeyGroup {
    const length = this.encoder.encode(key);
    return keyGroupForEncodedKey(this.encoder.bytes, this.maxParallelism, length);
  }
}
