import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import type { BenchLog } from '../measurement/bench-log.js';

/** The command in a process of its own, and what its job says. */
export class RunningJob {
  readonly startedAtMs = Date.now();
  private readonly process: ChildProcess;
  private readonly said: { readonly what: string; readonly atMs: number }[] = [];
  private lastHeardAtMs = Date.now();

  constructor(topic: string, stateDir: string, log: BenchLog, failOnce?: string) {
    const args = [
      '--parallelism',
      '2',
      '--job',
      resolve('bench/jobs/recovery.job.ts'),
      '--state-dir',
      stateDir,
    ];
    if (log.brokers !== undefined) args.push('--brokers', log.brokers.join(','));
    const env = { ...process.env, MILLRACE_BENCH_TOPIC: topic };
    const job = spawn(process.execPath, [resolve('dist/jobmanager.js'), ...args], {
      stdio: ['ignore', 'pipe', process.env['MILLRACE_BENCH_VERBOSE'] === undefined ? 'ignore' : 'inherit'],
      env: failOnce === undefined ? env : { ...env, MILLRACE_BENCH_FAIL_ONCE: failOnce },
    });
    this.process = job;
    createInterface(job.stdout).on('line', (line) => {
      const [what = '', time] = line.split(' ');
      this.lastHeardAtMs = Date.now();
      this.said.push({ what, atMs: Number(time) });
    });
  }

  /** When it first says this. */
  async next(what: string): Promise<number> {
    for (;;) {
      const times = this.said.filter((line) => line.what === what).map(({ atMs }) => atMs);
      if (times.length > 0) return Math.min(...times);
      if (this.process.exitCode !== null) throw new Error('The job ended before it was measured.');
      if (Date.now() - this.startedAtMs > patienceMs) throw new Error(`The job did not say "${what}".`);
      await pause(pollMs);
    }
  }

  /** All is processed, checkpointed and merged. */
  async untilQuiet(): Promise<void> {
    await this.next('first-record');
    while (Date.now() - this.lastHeardAtMs < quietMs) await pause(pollMs);
  }

  async kill(): Promise<void> {
    const exited = once(this.process, 'exit');
    this.process.kill('SIGKILL');
    await exited;
  }
}

const pollMs = 10;
/** Several checkpoints, and the merge behind them. */
const quietMs = 5_000;
const patienceMs = 120_000;
