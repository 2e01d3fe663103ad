import { defaultCheckpointSettings } from '#dist/checkpoint/checkpoint-settings.js';
import { JobRuntime } from '#dist/cli/job-runtime.js';
import { EventGenerator } from '#dist/demo/event-generator.js';
import { fillTopic } from '#dist/demo/fill-topic.js';
import { nodeClock } from '#dist/host/node-clock.js';
import { defaultLivenessSettings } from '#dist/job-manager/task-manager-liveness.js';
import { describeFailure } from '#dist/protocol/failures.js';
import { loadJobModule } from '#dist/task-manager/job-module-loader.js';

/** What a measured process does: fill a topic, or run a job over it once, from its beginning. */
export interface JobProcessOrder {
  readonly kind: 'fill' | 'run';
  readonly jobFile: string;
  readonly stateDir: string;
  /** Undefined: the embedded log in the state folder. */
  readonly brokers: readonly string[] | undefined;
  readonly topic: string;
  readonly partitions: number;
  readonly events: number;
  readonly users: number;
  readonly parallelism: number;
  readonly checkpointIntervalMs: number;
}

/** What the process says of a run, as one line of JSON. */
export interface JobProcessReport {
  readonly recordsIn: number;
  readonly recordsOut: number;
  /** From the first record processed to the last. */
  readonly processingMs: number;
  readonly checkpointsCompleted: number;
  readonly checkpointsFailed: number;
  readonly numRestarts: number;
  /** User and system, of the whole process from its start. */
  readonly cpuSeconds: number;
  /** The same, up to the moment before the job began. */
  readonly cpuSecondsBefore: number;
  /** What collecting sinks were given, by the sink's uid; left out where there are none. */
  readonly collected?: Readonly<Record<string, readonly unknown[]>>;
}

async function openRuntime(order: JobProcessOrder): Promise<JobRuntime> {
  return JobRuntime.open({
    job: await loadJobModule(order.jobFile),
    jobFile: order.jobFile,
    settings: {
      parallelism: order.parallelism,
      maxParallelism: 128,
      checkpoints: { ...defaultCheckpointSettings, checkpointIntervalMs: order.checkpointIntervalMs },
      restartStrategy: { kind: 'none' },
      liveness: defaultLivenessSettings,
    },
    heapMbPerThread,
    stateDir: order.stateDir,
    kafka: order.brokers === undefined ? undefined : { brokers: order.brokers },
    logger: {
      info: () => {},
      warn: (message) => void process.stderr.write(`${message}\n`),
      error: (message) => void process.stderr.write(`${message}\n`),
    },
    exitProcess: (reason) => {
      process.stderr.write(`${reason}\n`);
      process.exit(1);
    },
  });
}

/** The command's default. */
const heapMbPerThread = 2_048;

async function fill(runtime: JobRuntime, order: JobProcessOrder): Promise<void> {
  const { topic, partitions, events, users } = order;
  const generator = new EventGenerator({ users });
  await fillTopic(await runtime.log(), { topic, partitions, events, generator, clock: nodeClock });
}

async function run(runtime: JobRuntime): Promise<JobProcessReport> {
  const cpuSecondsBefore = cpuSeconds();
  const { totals, failure, collected } = await runtime.jobManager.run('fresh-start');
  if (failure !== undefined) throw new Error(describeFailure(failure));
  return {
    recordsIn: totals.recordsIn,
    recordsOut: totals.recordsOut,
    processingMs: (totals.lastRecordAtMs ?? 0) - (totals.firstRecordAtMs ?? 0),
    checkpointsCompleted: totals.checkpoints.completed,
    checkpointsFailed: totals.checkpoints.failed,
    numRestarts: totals.numRestarts,
    cpuSeconds: cpuSeconds(),
    cpuSecondsBefore,
    ...(collected.size === 0 ? {} : { collected: Object.fromEntries(collected) }),
  };
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

const order = JSON.parse(process.argv[2] ?? '') as JobProcessOrder;
const runtime = await openRuntime(order);
try {
  if (order.kind === 'fill') await fill(runtime, order);
  else process.stdout.write(`${JSON.stringify(await run(runtime))}\n`);
} finally {
  await runtime.close();
}
