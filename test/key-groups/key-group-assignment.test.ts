import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeKey } from '../../src/key-groups/key-encoding.js';
import {
  checkParallelism,
  keyGroupForEncodedKey,
  keyGroupRangeForSubtask,
  subtaskForKeyGroup,
} from '../../src/key-groups/key-group-assignment.js';
import { KeyGroupHasher } from '../../src/key-groups/key-group-hasher.js';
import { keyGroup, subtaskIndex } from '../../src/protocol/ids.js';
import { goldenKeys } from './golden-keys.js';

interface GoldenVector {
  readonly key: string;
  readonly of128: number;
  readonly of32768: number;
}

const vectors: readonly GoldenVector[] = JSON.parse(
  readFileSync(new URL('key-groups.golden.json', import.meta.url), 'utf8'),
);

const spread = fc
  .integer({ min: 1, max: 1000 })
  .chain((max) => fc.record({ maxParallelism: fc.constant(max), parallelism: fc.integer({ min: 1, max }) }));

describe('key groups', () => {
  it('are those they always were', () => {
    const [of128, of32768] = [new KeyGroupHasher(128), new KeyGroupHasher(32768)];
    expect(vectors.map((vector) => vector.key)).toEqual([...goldenKeys.keys()]);
    for (const vector of vectors) {
      const key = goldenKeys.get(vector.key)!;
      const now = { key: vector.key, of128: of128.keyGroupOf(key), of32768: of32768.keyGroupOf(key) };
      expect(now).toEqual(vector);
    }
  });

  it('are the same by the hasher and by the encoded bytes', () => {
    const hasher = new KeyGroupHasher(128);
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (key) => {
        expect(hasher.keyGroupOf(key)).toBe(keyGroupForEncodedKey(encodeKey(key), 128));
      }),
    );
  });

  it('spread user ids evenly', () => {
    const hasher = new KeyGroupHasher(128);
    const counts = new Array<number>(128).fill(0);
    for (let i = 0; i < 128_000; i++) counts[hasher.keyGroupOf(`user_${1_000_000 + i}`)]! += 1;
    expect(Math.min(...counts)).toBeGreaterThan(850);
    expect(Math.max(...counts)).toBeLessThan(1150);
  });

  it('fall into 0–31, 32–63, 64–95 and 96–127 at parallelism 4 of 128', () => {
    const ranges = [0, 1, 2, 3].map((index) => keyGroupRangeForSubtask(subtaskIndex(index), 4, 128));
    expect(ranges).toEqual([
      { start: 0, end: 31 },
      { start: 32, end: 63 },
      { start: 64, end: 95 },
      { start: 96, end: 127 },
    ]);
  });

  it('belong to exactly the subtask whose range holds them', () => {
    fc.assert(
      fc.property(spread, ({ parallelism, maxParallelism }) => {
        let next = 0;
        for (let index = 0; index < parallelism; index++) {
          const range = keyGroupRangeForSubtask(subtaskIndex(index), parallelism, maxParallelism);
          expect(range.start).toBe(next);
          for (let group: number = range.start; group <= range.end; group++) {
            expect(subtaskForKeyGroup(keyGroup(group), parallelism, maxParallelism)).toBe(index);
          }
          next = range.end + 1;
        }
        expect(next).toBe(maxParallelism);
      }),
    );
  });

  it.each([
    [0, 128, 'The parallelism is 0'],
    [129, 128, 'The parallelism is 129'],
    [1.5, 128, 'The parallelism is 1.5'],
    [1, 0, 'The max parallelism is 0'],
    [1, 32_769, 'The max parallelism is 32769'],
  ])('can not be spread over %s of %s', (parallelism, maxParallelism, sentence) => {
    expect(() => checkParallelism(parallelism, maxParallelism)).toThrow(sentence);
  });

  it('can be spread over as many subtasks as there are groups', () => {
    expect(() => checkParallelism(128, 128)).not.toThrow();
  });
});
