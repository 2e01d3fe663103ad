import { parentPort, workerData } from 'node:worker_threads';
import { openKeyedStateStore } from '#dist/state/open-keyed-state-store.js';

/**
 * Counts up 5,000 users as fast as it can with a checkpoint after each round, until it is terminated. Every
 * round brings each user to the number of the checkpoint, so a restored state that is torn shows at once.
 */
const users = 5_000;
const { stateDir, attempt, restore } = workerData;
const store = openKeyedStateStore({ stateDir, slot: 0 });
const backend = await store.open({
  operatorUid: 'count',
  attempt,
  keyGroupRange: { start: 0, end: 127 },
  maxParallelism: 128,
  restore,
  onFailure: (error) => parentPort.postMessage({ kind: 'failed', message: error.message }),
});
const count = backend.valueState({ name: 'count' });
const rounds = backend.listState({ name: 'rounds', maxLength: 3 });

let round = restore?.checkpointId ?? 0;
const wrong = [];
for (let user = 0; user < users; user++) {
  backend.setCurrentKey(`user-${user}`);
  const found = count.value() ?? 0;
  if (found !== round) wrong.push(`user-${user} has ${found} instead of ${round}`);
}
parentPort.postMessage({ kind: 'restored', round, wrong });

for (;;) {
  round += 1;
  for (let user = 0; user < users; user++) {
    backend.setCurrentKey(`user-${user}`);
    count.update(round);
    if (user % 10 === 0) rounds.add(round);
  }
  const handle = await backend.snapshot(round);
  parentPort.postMessage({ kind: 'checkpoint', handle });
  // The parent keeps the handle as durable metadata would; only then is the checkpoint complete.
  await new Promise((resolve) => parentPort.once('message', resolve));
  backend.notifyCheckpointComplete(handle.checkpointId);
}
