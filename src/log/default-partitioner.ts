/**
 * The partition that Kafka's default partitioner gives a key: murmur2 of its bytes, made positive, modulo
 * the partitions. Must agree with the Java client bit for bit, or one key's records lie in two partitions
 * where Java producers write the topic too.
 */
export function partitionForKey(key: Uint8Array, partitionCount: number): number {
  return (murmur2(key) & 0x7fff_ffff) % partitionCount;
}

/** Kafka's variant of MurmurHash2, 32 bits, as a signed integer. */
export function murmur2(bytes: Uint8Array): number {
  const length = bytes.length;
  let hash = seed ^ length;
  const wordsEnd = length & ~3;
  for (let at = 0; at < wordsEnd; at += 4) {
    let word =
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24);
    word = Math.imul(word, multiplier);
    word ^= word >>> rotation;
    word = Math.imul(word, multiplier);
    hash = Math.imul(hash, multiplier) ^ word;
  }
  const tailBytes = length - wordsEnd;
  if (tailBytes >= 3) hash ^= (bytes[wordsEnd + 2] as number) << 16;
  if (tailBytes >= 2) hash ^= (bytes[wordsEnd + 1] as number) << 8;
  if (tailBytes >= 1) hash = Math.imul(hash ^ (bytes[wordsEnd] as number), multiplier);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, multiplier);
  return hash ^ (hash >>> 15);
}

const seed = 0x9747b28c;
const multiplier = 0x5bd1e995;
const rotation = 24;
