import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CheckpointStore } from '../../src/checkpoint/checkpoint-store.js';
import { NodeFiles } from '../../src/host/node-files.js';
import { checkpointId } from '../../src/protocol/ids.js';
import { metadataOf } from './checkpoint-fixtures.js';

test('a hundred checkpoints on a real folder leave the newest one, which another process reads', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-store-'));
  try {
    const store = new CheckpointStore(new NodeFiles(folder), folder);
    await store.read();
    for (let id = 0; id < 100; id++) {
      await store.writeCheckpoint(metadataOf(id));
      await store.removeOlder(checkpointId(id));
    }
    expect(await readdir(join(folder, 'checkpoints'))).toEqual(['chk-99.json']);
    const { newestCheckpoint } = await new CheckpointStore(new NodeFiles(folder), folder).read();
    expect(newestCheckpoint?.metadata).toEqual(metadataOf(99));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
