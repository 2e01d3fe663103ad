import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { AnonymousMemoryPeak } from './anonymous-memory-peak.js';
import type { JobProcessOrder, JobProcessReport } from './job-process.js';

/** What a benchmark says of a job that it measures, whether its topic is to be filled or the job to be run. */
export type JobOrder = Omit<JobProcessOrder, 'kind'>;

export interface MeasuredRun extends JobProcessReport {
  readonly recordsPerSecond: number;
  /** Of the whole process, its start included. */
  readonly cpuMicrosecondsPerRecord: number;
  /** Peak RssAnon of the process; undefined where there is no /proc. */
  readonly peakAnonymousMiB: number | undefined;
}

/** Runs a job once, in a process of its own, with `settings` in its environment. @throws Error when the job fails. */
export async function runJobProcess(
  order: JobOrder,
  settings: Readonly<Record<string, string>> = {},
): Promise<MeasuredRun> {
  const { output, peakAnonymousMiB } = await execute({ ...order, kind: 'run' }, settings);
  const report = JSON.parse(output) as JobProcessReport;
  return {
    ...report,
    recordsPerSecond: (report.recordsIn / report.processingMs) * 1000,
    cpuMicrosecondsPerRecord: (report.cpuSeconds / report.recordsIn) * 1e6,
    peakAnonymousMiB,
  };
}

/** Fills the topic where it is not filled yet; in a process of its own, as the log's owner has to be. */
export async function fillTopicInProcess(order: JobOrder): Promise<void> {
  await execute({ ...order, kind: 'fill' }, {});
}

async function execute(
  order: JobProcessOrder,
  settings: Readonly<Record<string, string>>,
): Promise<Execution> {
  const script = fileURLToPath(new URL('./job-process.js', import.meta.url));
  const job = spawn(process.execPath, [script, JSON.stringify(order)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, MILLRACE_BENCH_TOPIC: order.topic, ...settings },
  });
  const memory = new AnonymousMemoryPeak(job.pid ?? 0);
  const exited = once(job, 'exit') as Promise<[number | null]>;
  const output = await text(job.stdout);
  const [exitCode] = await exited;
  const peakAnonymousMiB = memory.end();
  if (exitCode !== 0) throw new Error(`The measured process ended with exit code ${exitCode}.`);
  return { output, peakAnonymousMiB };
}

interface Execution {
  readonly output: string;
  readonly peakAnonymousMiB: number | undefined;
}
