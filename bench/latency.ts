import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createKafkaLogClient } from '#dist/log/kafka/kafka-log-client.js';
import type { LatencyOrder } from './latency/latency-order.js';
import type { LatencySummary } from './latency/latency-summary.js';
import { requiredKafkaLog } from './measurement/bench-log.js';
import { formatTable, medianBy, writeResult } from './measurement/report.js';

/**
 * How long from an event's sending until a reader of committed records has its answer? 2,000 events/s go from
 * Kafka through keyBy and state to Kafka; producer, job and reader are processes of their own. Each event is
 * answered exactly once, or the benchmark fails. The modes take turns.
 *
 * `npm run bench -- latency [--seconds 20] [--rate 2000] [--runs 3] [--modes all]`
 */
const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '20' },
    rate: { type: 'string', default: '2000' },
    runs: { type: 'string', default: '3' },
    modes: { type: 'string', default: 'all' },
  },
});
const eventsPerSecond = Number(options.rate);
const runs = Number(options.runs);
const partitions = 4;
const parallelism = 2;
/** The job starts within a second; the rest is for its code to be compiled. */
const warmUpSeconds = 5;

interface Mode {
  readonly name: string;
  readonly guarantee: 'exactly-once' | 'at-least-once';
  readonly checkpointInterval: string;
}

const allModes: readonly Mode[] = [
  { name: 'exactly-once-1s', guarantee: 'exactly-once', checkpointInterval: '1s' },
  { name: 'exactly-once-100ms', guarantee: 'exactly-once', checkpointInterval: '100ms' },
  { name: 'exactly-once-25ms', guarantee: 'exactly-once', checkpointInterval: '25ms' },
  { name: 'at-least-once', guarantee: 'at-least-once', checkpointInterval: '1s' },
];
const modes =
  options.modes === 'all' ? allModes : allModes.filter(({ name }) => options.modes.split(',').includes(name));

const log = await requiredKafkaLog();
const { brokers } = log;
try {
  const measured = new Map<Mode, LatencySummary[]>(modes.map((mode) => [mode, []]));
  for (let run = 1; run <= runs; run += 1) {
    for (const [mode, summaries] of measured) {
      const summary = await measure(mode, run);
      process.stdout.write(`${mode.name}: ${describe(summary)}\n`);
      summaries.push(summary);
    }
  }
  const results = [...measured].map(([mode, summaries]) => ({
    ...mode,
    median: medianBy(summaries, (summary) => summary.p99Ms),
    runs: summaries,
  }));
  process.stdout.write(`\n${formatTable(tableOf(results))}\n`);
  writeResult('latency', { log: log.name, eventsPerSecond, parallelism, partitions, modes: results });
} finally {
  await log.stop();
}

async function measure(mode: Mode, run: number): Promise<LatencySummary> {
  const name = `bench-${mode.name}-${process.pid}-${run}`;
  const order: LatencyOrder = {
    brokers,
    input: `${name}-in`,
    output: `${name}-out`,
    partitions,
    events: (warmUpSeconds + Number(options.seconds)) * eventsPerSecond,
    eventsPerSecond,
    warmUpEvents: warmUpSeconds * eventsPerSecond,
  };
  await createTopics([order.input, order.output]);
  const stateDir = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  const job = startJob(mode, order, stateDir);
  try {
    const producer = startPart('paced-producer', order);
    const reader = startPart('committed-reader', order);
    const [summary] = await Promise.all([text(reader.stdout!), succeeded(reader), succeeded(producer)]);
    return JSON.parse(summary) as LatencySummary;
  } finally {
    job.kill('SIGINT');
    await once(job, 'exit');
    rmSync(stateDir, { recursive: true, force: true });
  }
}

async function createTopics(topics: readonly string[]): Promise<void> {
  const client = createKafkaLogClient({ brokers: [...brokers] });
  for (const topic of topics) await client.createTopic(topic, partitions);
  await client.close();
}

function startJob(mode: Mode, order: LatencyOrder, stateDir: string): ChildProcess {
  const args = Object.entries({
    '--parallelism': String(parallelism),
    '--job': resolve('bench/jobs/latency.job.ts'),
    '--state-dir': stateDir,
    '--brokers': brokers.join(','),
    '--checkpoint-interval': mode.checkpointInterval,
  }).flat();
  return spawn(process.execPath, [resolve('dist/jobmanager.js'), ...args], {
    stdio: ['ignore', 'ignore', process.env['MILLRACE_BENCH_VERBOSE'] === undefined ? 'ignore' : 'inherit'],
    env: {
      ...process.env,
      MILLRACE_BENCH_TOPIC: order.input,
      MILLRACE_BENCH_OUTPUT: order.output,
      MILLRACE_BENCH_GUARANTEE: mode.guarantee,
    },
  });
}

function startPart(name: 'paced-producer' | 'committed-reader', order: LatencyOrder): ChildProcess {
  const script = fileURLToPath(new URL(`./latency/${name}.js`, import.meta.url));
  return spawn(process.execPath, [script, JSON.stringify(order)], { stdio: ['ignore', 'pipe', 'inherit'] });
}

async function succeeded(part: ChildProcess): Promise<void> {
  const [exitCode] = (await once(part, 'exit')) as [number | null];
  if (exitCode !== 0) throw new Error(`A process of the benchmark ended with exit code ${exitCode}.`);
}

function describe({ p50Ms, p99Ms, maxMs }: LatencySummary): string {
  return `p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms, at most ${maxMs.toFixed(1)} ms`;
}

function tableOf(results: readonly (Mode & { readonly median: LatencySummary })[]): string[][] {
  return [
    ['mode', 'p50 ms', 'p99 ms', 'max ms'],
    ...results.map(({ name, median }) => [
      name,
      median.p50Ms.toFixed(1),
      median.p99Ms.toFixed(1),
      median.maxMs.toFixed(1),
    ]),
  ];
}
