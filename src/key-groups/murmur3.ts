/**
 * murmur3_x86_32 with seed 0 of `bytes[0, length)`, as an unsigned 32-bit number.
 *
 * Invariant: this function never changes. Which key group a key belongs to is written into every checkpoint
 * by way of it; another hash would make each subtask look for its keys in its neighbour's state.
 */
export function murmur3(bytes: Uint8Array, length: number): number {
  const blocksEnd = length & ~3;
  let hash = 0;
  for (let i = 0; i < blocksEnd; i += 4) {
    const block = bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
    hash ^= scramble(block);
    hash = (hash << 13) | (hash >>> 19);
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0;
  }
  let tail = 0;
  for (let i = length - 1; i >= blocksEnd; i--) tail = (tail << 8) | bytes[i]!;
  if (length > blocksEnd) hash ^= scramble(tail);
  return finalMix(hash ^ length);
}

function scramble(block: number): number {
  const product = Math.imul(block, 0xcc9e2d51);
  return Math.imul((product << 15) | (product >>> 17), 0x1b873593);
}

/** Spreads every input bit over the whole result, so that the low bits taken by the modulo are good. */
function finalMix(mixed: number): number {
  let hash = mixed;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
