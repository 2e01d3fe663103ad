import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { formatCount, formatTable, medianBy, writeResult } from './measurement/report.js';
import { type MeasuredRun, runJobProcess } from './measurement/run-job-process.js';

/**
 * How many elements a second can be asked about, with so many requests under way? What is asked takes 20 ms:
 * a timer within the thread, which shows what async I/O itself costs, and a service over HTTP in a process
 * beside it. The answers are counted and added up, so that one lost or doubled is seen.
 *
 * `npm run bench -- async [--numbers 400000] [--requests 100000] [--capacity 1000] [--runs 3]`
 */
const { values: options } = parseArgs({
  options: {
    numbers: { type: 'string', default: '400000' },
    requests: { type: 'string', default: '100000' },
    capacity: { type: 'string', default: '1000' },
    runs: { type: 'string', default: '3' },
  },
});
const capacity = Number(options.capacity);
const runs = Number(options.runs);

interface Measurement {
  readonly asked: 'timer' | 'http';
  readonly order: 'ordered' | 'unordered';
  readonly numbers: number;
  readonly median: MeasuredRun;
}

const stateDir = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
const service = await startService();
try {
  const measurements: Measurement[] = [];
  for (const order of ['ordered', 'unordered'] as const) {
    measurements.push(await measure('timer', order, Number(options.numbers)));
    measurements.push(await measure('http', order, Number(options.requests)));
  }
  const rows = measurements.map(({ asked, order, median }) => [
    `${asked}, ${order}`,
    formatCount(median.recordsPerSecond),
    median.cpuMicrosecondsPerRecord.toFixed(1),
  ]);
  process.stdout.write(`\n${formatTable([['', 'records/s', 'CPU µs/record'], ...rows])}\n`);
  writeResult('async', { capacity, latencyMs: 20, runs, measurements });
} finally {
  service.stop();
  rmSync(stateDir, { recursive: true, force: true });
}

async function measure(
  asked: Measurement['asked'],
  order: Measurement['order'],
  numbers: number,
): Promise<Measurement> {
  const all: MeasuredRun[] = [];
  while (all.length < runs) {
    const run = await runJobProcess(
      {
        jobFile: resolve('bench/jobs/async-io.job.ts'),
        stateDir,
        brokers: undefined,
        topic: 'none',
        partitions: 1,
        events: numbers,
        users: 1,
        parallelism: 1,
        checkpointIntervalMs: 1_000,
      },
      {
        MILLRACE_BENCH_NUMBERS: String(numbers),
        MILLRACE_BENCH_CAPACITY: String(capacity),
        MILLRACE_BENCH_ORDER: order,
        ...(asked === 'http' ? { MILLRACE_BENCH_SERVICE: service.url } : {}),
      },
    );
    assertSum(run, numbers);
    all.push(run);
  }
  const median = medianBy(all, (run) => run.recordsPerSecond);
  process.stdout.write(`${asked}, ${order}: ${formatCount(median.recordsPerSecond)} records/s\n`);
  return { asked, order, numbers, median };
}

/** @throws Error when an answer is missing, or there is one too many. */
function assertSum({ collected }: MeasuredRun, numbers: number): void {
  const expected = { sums: [{ count: numbers, sum: (numbers * (numbers + 1)) / 2 }] };
  if (JSON.stringify(collected) === JSON.stringify(expected)) return;
  throw new Error(
    `The answers are wrong: ${JSON.stringify(collected)} in place of ${JSON.stringify(expected)}.`,
  );
}

async function startService(): Promise<{ readonly url: string; stop(): void }> {
  const script = fileURLToPath(new URL('./async-io/slow-service.js', import.meta.url));
  const child = spawn(process.execPath, [script], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [port] = (await once(createInterface(child.stdout), 'line')) as [string];
  return { url: `http://127.0.0.1:${port}`, stop: () => child.stdin.end() };
}
