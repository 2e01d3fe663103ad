import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { mutations } from './mutations.js';

test.each(mutations)('the source that "$name" breaks is there, once', ({ file, find, replace }) => {
  const source = readFileSync(file, 'utf8');
  expect(source.split(find)).toHaveLength(2);
  expect(replace).not.toBe(find);
});
