import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { TaskManagerThreads } from '../../dist/host/task-manager-threads.js';
import { executionAttempt, type SlotIndex, slotIndex } from '../../dist/protocol/ids.js';
import type { FromTaskManager } from '../../dist/protocol/messages.js';
import { StateFolder } from './state-folder.js';

const attempt = executionAttempt(1);
const slots = [0, 1, 2, 3].map(slotIndex);

it('A thread that has closed is heard, however soon it ends', { timeout: 60_000 }, async () => {
  const threads = new TaskManagerThreads({
    jobFile: fileURLToPath(new URL('./jobs/nothing.job.ts', import.meta.url)),
    stateDir: new StateFolder().path,
    heapMbPerThread: 256,
    logForThread: () => ({ kind: 'kafka', config: {} as never }),
  });
  const heard = new Map<FromTaskManager['kind'], Set<SlotIndex>>();
  let hear = (): void => {};
  const launched = threads.launch({
    attempt,
    parallelism: slots.length,
    maxParallelism: 128,
    channels: [],
    onMessage: (slot, { kind }) => {
      heard.set(kind, new Set(heard.get(kind)).add(slot));
      hear();
    },
    onExit: (_slot, failure) => expect.fail(failure.message),
  });
  onTestFinished(async () => {
    await launched.terminate();
  });
  const untilAllSaid = async (kind: FromTaskManager['kind']): Promise<void> => {
    while (heard.get(kind)?.size !== slots.length) {
      await new Promise<void>((resolve) => {
        hear = resolve;
      });
    }
  };
  await untilAllSaid('graph-built');
  for (const slot of slots) {
    const deployment = { slot, parallelism: slots.length, maxParallelism: 128, restored: [], splits: [] };
    launched.send(slot, { kind: 'deploy', attempt, deployment });
  }
  await untilAllSaid('running');
  for (const slot of slots) launched.send(slot, { kind: 'shut-down', attempt });
  await untilAllSaid('shut-down-complete');
});
