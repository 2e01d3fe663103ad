import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import type { KeyedStateHandle } from '../../src/state/keyed-state-backend.js';

type Message =
  | { kind: 'restored'; round: number; wrong: string[] }
  | { kind: 'checkpoint'; handle: KeyedStateHandle }
  | { kind: 'failed'; message: string };

const terminations = Number(process.env.MILLRACE_TERMINATIONS ?? 8);

describe('A thread that is terminated while it merges', () => {
  it('leaves a state that is restored whole, again and again', { timeout: 240_000 }, async () => {
    const stateDir = await mkdtemp(join(tmpdir(), 'millrace-terminated-'));
    let completed: KeyedStateHandle | undefined;
    const problems: string[] = [];
    let restores = 0;
    try {
      for (let attempt = 1; attempt <= terminations; attempt++) {
        const worker = new Worker(new URL('./terminated-thread.js', import.meta.url), {
          workerData: { stateDir, attempt, restore: completed },
        });
        // A restored thread merges at once; terminate some during that, the others after some checkpoints.
        let checkpointsLeft = attempt % 4;
        let goOn = (): void => undefined;
        const isFarEnough = new Promise<void>((resolve) => {
          goOn = resolve;
        });
        const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
        worker.on('error', (error) => problems.push(String(error)));
        worker.on('message', (message: Message) => {
          if (message.kind === 'failed') problems.push(message.message);
          else if (message.kind === 'checkpoint') {
            completed = message.handle;
            worker.postMessage('complete');
            checkpointsLeft -= 1;
            if (checkpointsLeft <= 0) goOn();
          } else {
            restores += 1;
            problems.push(...message.wrong.slice(0, 3));
            if (checkpointsLeft === 0) goOn();
          }
        });
        await Promise.race([isFarEnough, exited]);
        await new Promise((resolve) => setTimeout(resolve, (attempt * 37) % 100));
        await worker.terminate();
        await exited;
      }
      expect(problems).toEqual([]);
      expect(restores).toBe(terminations);
      expect(completed?.checkpointId).toBeGreaterThan(terminations);
    } finally {
      await rm(stateDir, { recursive: true, force: true });
    }
  });

  it('ends, although it was handing a large transaction to LMDB', { timeout: 60_000 }, async () => {
    const path = await mkdtemp(join(tmpdir(), 'millrace-terminated-'));
    const worker = new Worker(new URL('./thread-in-batch.js', import.meta.url), { workerData: { path } });
    const exited = once(worker, 'exit');
    try {
      // It is in the midst of the batch by then, and stays there.
      await once(worker, 'message');
      await Promise.race([worker.terminate(), failAfter(10_000, 'The terminated thread did not end.')]);
      await exited;
    } finally {
      await rm(path, { recursive: true, force: true });
    }
  });
});

async function failAfter(ms: number, what: string): Promise<never> {
  await sleep(ms, undefined, { ref: false });
  throw new Error(what);
}
