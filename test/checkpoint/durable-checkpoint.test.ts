import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

test('only the checkpoint store makes durable checkpoints, so nothing else can permit a commit', () => {
  const src = fileURLToPath(new URL('../../src', import.meta.url));
  const makers = readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .filter((path) => /\bdurableCheckpoint\(/.test(readFileSync(join(src, path), 'utf8')));
  expect(makers.sort()).toEqual(['checkpoint/checkpoint-store.ts', 'checkpoint/durable-checkpoint.ts']);
});
