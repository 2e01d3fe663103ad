import { fileURLToPath } from 'node:url';
import { isEqual } from '../demo/action-comparison.js';
import { demoEventsDefault, demoGenerator, demoInputTopic, demoPartitions } from '../demo/demo-input.js';
import { beginDemoRun, checkDemoRun, type DemoRun, readDemoRun } from '../demo/demo-run.js';
import { fillTopic } from '../demo/fill-topic.js';
import { formatSummary } from '../demo/summary.js';
import { createLogger, type Logger } from '../host/logger.js';
import { nodeClock } from '../host/node-clock.js';
import type { ProcessExit } from '../job-manager/job-events.js';
import type { JobResult } from '../job-manager/job-result.js';
import type { DeclaredSettings, JobSettings } from '../job-manager/job-settings.js';
import { describeFailure } from '../protocol/failures.js';
import { loadJobModule } from '../task-manager/job-module-loader.js';
import type { CommandLineOptions } from './command-line.js';
import { createTopics } from './create-topics.js';
import { JobRuntime } from './job-runtime.js';
import { type Environment, kafkaConfigOf } from './kafka-options.js';
import { startMetricReporters } from './metric-reporters.js';
import { ProgressDisplay } from './progress-display.js';
import { ProgressMeter } from './progress-meter.js';
import { resolveSettings } from './settings-resolution.js';

/** What the command needs of its process. */
export interface CommandHost {
  readonly stdout: { write(text: string): void };
  readonly stderr: { write(text: string): void; readonly isTTY?: boolean; readonly columns?: number };
  readonly environment: Environment;
  /** Calls back on SIGINT and SIGTERM. */
  onStopSignal(callback: () => void): void;
  /** Never returns: exit code 1, or the process is killed where a thread would hold up its exit. */
  exitAtOnce(how: ProcessExit): void;
}

/** Runs a job as the command line says; gives the exit code. */
export async function runCommand(options: CommandLineOptions, host: CommandHost): Promise<0 | 1> {
  let display: ProgressDisplay | undefined;
  const logger = createLogger((line) => display?.writeLine(line));
  display = new ProgressDisplay(host.stderr, nodeClock, (line) => logger.info(line));
  try {
    return await runJobCommand(options, host, logger, display);
  } catch (error) {
    display.end();
    logger.error(sentenceOf(error));
    return 1;
  }
}

async function runJobCommand(
  options: CommandLineOptions,
  host: CommandHost,
  logger: Logger,
  display: ProgressDisplay,
): Promise<0 | 1> {
  const isDemo = options.jobFile === undefined;
  const jobFile = options.jobFile ?? demoJobFile;
  const kafka = kafkaConfigOf(options.kafka, host.environment, logger);
  const job = await loadJobModule(jobFile);
  let demoRun: DemoRun | undefined;
  const runtime = await JobRuntime.open({
    job,
    jobFile,
    settings: settingsOf(options, job.settings),
    heapMbPerThread: options.heapMb,
    stateDir: options.stateDir,
    kafka,
    logger,
    exitProcess: (reason, how) => {
      display.end();
      logger.error(reason);
      host.exitAtOnce(how);
    },
    beforeFirstRead: async (files, log, isNew) => {
      if (isDemo) demoRun = await beginDemoRun(files, log, !isNew);
    },
  });
  let endReporting = async (): Promise<void> => {};
  try {
    endReporting = await startMetricReporters(options, {
      jobName: job.name,
      metrics: () => runtime.jobManager.listMetrics(),
      logger,
      clock: nodeClock,
    });
    const stop = new StopSignals(host, logger);
    await fillInput(options, runtime, logger, stop.aborted);
    if (stop.aborted.aborted) return 0;
    const result = await runToEnd(runtime, options, display, stop);
    return await report(result, { runtime, demoRun, host, logger, isDemo });
  } finally {
    display.end();
    await endReporting();
    await runtime.close();
  }
}

/** The first signal asks for an orderly stop, the second for one at once. */
class StopSignals {
  onStop: () => void = () => {};
  onCancel: () => void = () => {};
  private readonly controller = new AbortController();

  constructor(host: CommandHost, logger: Logger) {
    let signals = 0;
    host.onStopSignal(() => {
      signals += 1;
      if (signals === 1) {
        logger.info('Stopping after a last checkpoint. Signal once more to end at once.');
        this.controller.abort();
        this.onStop();
      } else this.onCancel();
    });
  }

  get aborted(): AbortSignal {
    return this.controller.signal;
  }
}

async function runToEnd(
  runtime: JobRuntime,
  options: CommandLineOptions,
  display: ProgressDisplay,
  stop: StopSignals,
): Promise<JobResult> {
  const { jobManager } = runtime;
  stop.onStop = () => jobManager.requestStop();
  stop.onCancel = () => jobManager.cancel();
  const meter = new ProgressMeter(jobManager, nodeClock);
  let cancelTimer = (): void => {};
  const look = (): void => {
    display.show(meter.progress());
    cancelTimer = nodeClock.setTimer(progressIntervalMs, look);
  };
  look();
  try {
    return await jobManager.run(options.fresh ? 'fresh-start' : 'first-start');
  } finally {
    cancelTimer();
    display.end();
  }
}

/** What the command line asks for; and the demo on the embedded log always has input. */
async function fillInput(
  options: CommandLineOptions,
  runtime: JobRuntime,
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  if (options.createTopics.length > 0)
    await createTopics(await runtime.log(), options.createTopics, nodeClock);
  const isDemoWithoutBroker = options.jobFile === undefined && !runtime.isOnKafka;
  const events = options.generate ?? (isDemoWithoutBroker ? demoEventsDefault : undefined);
  if (events === undefined) return;
  const { alreadyThere, appended } = await fillTopic(await runtime.log(), {
    topic: demoInputTopic,
    partitions: demoPartitions,
    events,
    generator: demoGenerator(),
    clock: nodeClock,
    signal,
  });
  if (appended > 0)
    logger.info(`Wrote ${appended} events to ${demoInputTopic} (${alreadyThere} were there).`);
}

interface Ending {
  readonly runtime: JobRuntime;
  readonly demoRun: DemoRun | undefined;
  readonly host: CommandHost;
  readonly logger: Logger;
  readonly isDemo: boolean;
}

async function report(result: JobResult, ending: Ending): Promise<0 | 1> {
  const { logger, host } = ending;
  if (result.failure !== undefined) logger.error(`The job failed: ${describeFailure(result.failure)}`);
  if (result.remark !== undefined) logger.info(result.remark);
  if (result.outcome === 'stopped') logger.info('Stopped; the next start goes on from the last checkpoint.');
  if (result.outcome !== 'finished') return result.exitCode;
  // A run that was killed behind its last checkpoint is only ended here, without a beginning.
  const demoRun = ending.isDemo ? (ending.demoRun ?? (await readDemoRun(ending.runtime.files))) : undefined;
  if (demoRun === undefined) {
    logger.info(`Finished: ${result.totals.recordsIn} records in, ${result.totals.recordsOut} out.`);
    return 0;
  }
  const check = await checkDemoRun(await ending.runtime.log(), demoRun);
  const { totals } = result;
  const { last, completed } = totals.checkpoints;
  const statistics = {
    recordsIn: totals.recordsIn,
    processingMs: (totals.lastRecordAtMs ?? 0) - (totals.firstRecordAtMs ?? 0),
    checkpointsCompleted: completed,
    ...(last === undefined
      ? {}
      : { lastCheckpoint: { durationMs: last.durationMs, bytes: last.stateBytes } }),
    restarts: totals.numRestarts,
  };
  host.stdout.write(`${formatSummary(statistics, check)}\n`);
  return isEqual(check.comparison) ? 0 : 1;
}

export function settingsOf(options: CommandLineOptions, declared: DeclaredSettings): JobSettings {
  return {
    ...resolveSettings(options.settings, declared),
    liveness: { heartbeatIntervalMs, heartbeatTimeoutMs: options.heartbeatTimeoutMs },
  };
}

const demoJobFile = fileURLToPath(new URL('../demo/event-trigger.job.js', import.meta.url));
/** Faster than the display draws, so that it always has the newest. */
const progressIntervalMs = 200;
/** How often the JobManager looks for silent threads: a fraction of the half second in which work goes on again. */
const heartbeatIntervalMs = 100;

/** Users get sentences; a stack only where the error is one that nobody foresaw. */
function sentenceOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const isForeseen = error.name === 'MillraceError' || error.name === 'LogError';
  return isForeseen ? error.message : (error.stack ?? error.message);
}
