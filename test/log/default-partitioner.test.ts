import { describe, expect, it } from 'vitest';
import { murmur2, partitionForKey } from '../../src/log/default-partitioner.js';

describe('the default partitioner', () => {
  // The Java client's own test vectors.
  it.each([
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ])('hashes %j as the Java client does', (text, expected) => {
    expect(murmur2(Buffer.from(text))).toBe(expected);
  });

  it('makes a negative hash positive by dropping its sign bit, as Java does', () => {
    expect(partitionForKey(Buffer.from('21'), 4)).toBe((-973932308 & 0x7fffffff) % 4);
  });
});
