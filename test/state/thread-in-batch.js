import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { nodeClock } from '#dist/host/node-clock.js';
import { LmdbStateBases } from '#dist/state/lmdb-state-bases.js';

/** Stops for ever within a merge's batch, after more operations than LMDB gathers before it begins to write. */
const operationsBefore = 5_000;

const bases = new LmdbStateBases(workerData.path, nodeClock);
const base = await bases.create({
  storeId: 'store',
  generation: 1,
  operatorUid: 'count',
  maxParallelism: 128,
  keyGroupRange: { start: 0, end: 127 },
});
// The first commit's writer is to be done, so that only this batch can start one.
await sleep(100);

function* neverEnding() {
  for (let i = 0; i < operationsBefore; i++) {
    const key = Buffer.alloc(8);
    key.writeUInt32BE(i, 4);
    yield { key, value: Buffer.alloc(100) };
  }
  parentPort.postMessage('in the midst');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

await base.applyMerge({ length: operationsBefore, [Symbol.iterator]: neverEnding }, base.progress);
