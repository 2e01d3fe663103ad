import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Transferable, Worker } from 'node:worker_threads';
import { Piscina } from 'piscina';

/**
 * The threads of one attempt, in a piscina pool: they start and load their entry's code at once, and each
 * runs one task for as long as the attempt lives. Invariant: `end` resolves only when every thread that ever
 * was in the pool has exited.
 */
export class TaskManagerPool {
  readonly parallelism: number;
  private readonly pool: Piscina;
  private readonly loads: readonly Promise<void>[];
  private readonly exits: Promise<void>[];
  /** Of the tasks that have not ended. */
  private readonly listeners = new Set<(error: unknown) => void>();
  private isEnding = false;

  /** @param heapMb old space of each thread, in MB. */
  constructor(parallelism: number, heapMb: number) {
    this.parallelism = parallelism;
    this.pool = new Piscina({
      filename: fileURLToPath(new URL('../workers/taskmanager.js', import.meta.url)),
      minThreads: parallelism,
      maxThreads: parallelism,
      concurrentTasksPerWorker: 1,
      idleTimeout: Number.POSITIVE_INFINITY,
      // A worker that waits in Atomics.wait between tasks would not read its ports.
      atomics: 'disabled',
      resourceLimits: { maxOldGenerationSizeMb: heapMb, maxYoungGenerationSizeMb: youngGenerationMb },
    });
    // A thread's error reaches us through its run. This event is of one that died before it had any: its task
    // would wait in the pool's queue for ever.
    this.pool.on('error', (error: unknown) => {
      for (const tell of [...this.listeners]) tell(error);
    });
    this.loads = this.pool.threads.map(loadOf);
    this.exits = this.pool.threads.map(exitOf);
  }

  /** Runs a thread's task. `onEnd` is told when that ends by itself: without an error, or with what ended it. */
  run(task: unknown, transferList: Transferable[], onEnd: (error: unknown) => void): void {
    const tell = (error: unknown): void => {
      if (this.listeners.delete(tell) && !this.isEnding) onEnd(error);
    };
    this.listeners.add(tell);
    this.pool.run(task, { transferList }).then(() => tell(undefined), tell);
  }

  /** Ends every thread, whatever it is doing. */
  async end(): Promise<void> {
    this.isEnding = true;
    // Node aborts the whole process when a thread is terminated while it loads a native module, or a module by
    // `require`. (One that replaced a crashed thread is ended before it comes to that.)
    await this.untilLoaded();
    // The pool replaces a crashed thread by itself, so those are waited for as well.
    this.exits.push(...this.pool.threads.map(exitOf));
    await this.pool.destroy();
    await Promise.all(this.exits);
  }

  private async untilLoaded(): Promise<void> {
    const loaded = new AbortController();
    // Holds the process: idle threads of a pool do not.
    const timeout = sleep(loadTimeoutMs, undefined, { signal: loaded.signal }).catch(() => {});
    await Promise.race([Promise.all(this.loads), timeout]);
    loaded.abort();
  }
}

/**
 * Node 20's own. Newer ones have a larger young generation, and all of it may survive into a heap that is full
 * already: more than the 16 MB that Node leaves a thread to end itself in, and V8 aborts the whole process.
 */
const youngGenerationMb = 48;

/** Far beyond what loading takes; a thread that needs longer is terminated all the same. */
const loadTimeoutMs = 5_000;

/** Piscina's thread speaks for the first time when it has loaded its entry. */
function loadOf(thread: Worker): Promise<void> {
  return new Promise((resolve) => {
    thread.once('message', () => resolve());
    thread.once('exit', () => resolve());
  });
}

/** A rejected run says nothing of its thread, which may still be ending: only its exit does. */
function exitOf(thread: Worker): Promise<void> {
  return new Promise((resolve) => {
    if (thread.threadId === -1) resolve();
    // Not `events.once`: that rejects with the error that a crashing thread emits before it exits.
    else thread.once('exit', () => resolve());
  });
}
