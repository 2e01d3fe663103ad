import { describe, expect, it } from 'vitest';
import { murmur3 } from '../../src/key-groups/murmur3.js';

/** Published vectors of MurmurHash3_x86_32 with seed 0. */
const published: readonly (readonly [string, number])[] = [
  ['', 0],
  ['00', 0x514e28b7],
  ['0000', 0x30f4c306],
  ['000000', 0x85f0b427],
  ['00000000', 0x2362f9de],
  ['21', 0x72661cf4],
  ['2143', 0xa0f7b07a],
  ['214365', 0x7e4a8634],
  ['21436587', 0xf55b516b],
  ['ffffffff', 0x76293b50],
  [Buffer.from('test').toString('hex'), 0xba6bd213],
  [Buffer.from('hello').toString('hex'), 0x248bfa47],
  [Buffer.from('Hello, world!').toString('hex'), 0xc0363e43],
  [Buffer.from('The quick brown fox jumps over the lazy dog').toString('hex'), 0x2e4ff723],
];

describe('murmur3', () => {
  it.each(published)('gives the published hash of %s', (hex, hash) => {
    const bytes = Buffer.from(hex, 'hex');
    expect(murmur3(bytes, bytes.length)).toBe(hash);
  });

  it('reads no byte beyond the length', () => {
    const bytes = Buffer.from('hello, and more');
    expect(murmur3(bytes, 5)).toBe(0x248bfa47);
  });
});
