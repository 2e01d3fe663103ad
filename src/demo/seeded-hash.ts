/**
 * A well-mixed 32-bit number (0 … 2^32-1) of three 32-bit numbers: the generator's only randomness, so that
 * any event can be made again from its index alone.
 */
export function seededHash(seed: number, a: number, b: number): number {
  let hash = mix(seed ^ 0x9e3779b9);
  hash = mix((hash ^ a) + 0x85ebca6b);
  return mix((hash ^ b) + 0xc2b2ae35) >>> 0;
}

/** The same of a text (FNV-1a over its UTF-16 units, then mixed). */
export function textHash(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return mix(hash) >>> 0;
}

/** The finalizer of murmur3: every bit of the input changes about half of the output's. */
function mix(value: number): number {
  let hash = value | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
