#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CommandLineOptions, parseCommandLine } from '../cli/command-line.js';
import { JobRuntime } from '../cli/job-runtime.js';
import { kafkaConfigOf } from '../cli/kafka-options.js';
import { settingsOf } from '../cli/run-command.js';
import { createLogger } from '../host/logger.js';
import { nodeClock } from '../host/node-clock.js';
import { rangesOfTopic } from '../log/partition-ranges.js';
import { describeFailure, toFailure } from '../protocol/failures.js';
import { loadJobModule } from '../task-manager/job-module-loader.js';
import { eventTrigger } from './event-trigger/event-trigger.js';
import type { Example } from './example.js';
import { fillExampleTopic, readExampleTopic } from './example-topics.js';
import { marketLag } from './market-lag/market-lag.js';
import { partitioningLab } from './partitioning-lab/partitioning-lab.js';

/**
 * `npm run example -- <name>`, with the options of the command itself: fills the example's topics, runs its job
 * on the embedded log or, with `--brokers`, on Kafka, and compares what it wrote with what an oracle works out.
 */
const examples: Readonly<Record<string, Example>> = {
  'event-trigger': eventTrigger,
  'market-lag': marketLag,
  'partitioning-lab': partitioningLab,
};

const logger = createLogger((line) => process.stderr.write(`${line}\n`));

async function main(name: string | undefined, args: readonly string[]): Promise<number> {
  const example = name === undefined ? undefined : examples[name];
  if (name === undefined || example === undefined) {
    const list = Object.entries(examples).map(([each, { about }]) => `  ${each}: ${about}\n`);
    process.stderr.write(`Say which example to run:\n${list.join('')}`);
    return 2;
  }
  const commandLine = parseCommandLine(args, version());
  switch (commandLine.kind) {
    case 'print':
      process.stdout.write(commandLine.text);
      return 0;
    case 'usage-error':
      process.stderr.write(commandLine.message);
      return 2;
    case 'run':
      return runWithService(name, example, commandLine.options);
  }
}

async function runWithService(name: string, example: Example, options: CommandLineOptions): Promise<0 | 1> {
  const service = await example.startService?.();
  try {
    return await runExample(name, example, options);
  } finally {
    await service?.stop();
  }
}

/** The exit code: 0 when the job has finished and what it wrote is right. */
async function runExample(name: string, example: Example, options: CommandLineOptions): Promise<0 | 1> {
  const { jobFile, output } = example;
  let outputFrom: readonly number[] = [];
  const job = await loadJobModule(jobFile);
  const settings = settingsOf(options, job.settings);
  const runtime = await JobRuntime.open({
    job,
    jobFile,
    settings,
    heapMbPerThread: options.heapMb,
    stateDir: options.stateDir ?? join('.millrace', `example-${name}`),
    kafka: kafkaConfigOf(options.kafka, process.env, logger),
    logger,
    exitProcess: (reason, how) => {
      logger.error(reason);
      if (how === 'kill') process.kill(process.pid, 'SIGKILL');
      process.exit(1);
    },
    // By now what an earlier run still had to commit is committed.
    beforeFirstRead: async (files, log, isNew) => {
      if (isNew) outputFrom = (await rangesOfTopic(log, output.topic)).map(({ to }) => to);
      const file = 'example-run.json';
      if (isNew) await files.writeAtomically(file, Buffer.from(JSON.stringify(outputFrom)));
      else outputFrom = JSON.parse(Buffer.from((await files.read(file)) ?? []).toString('utf8')) as number[];
    },
  });
  process.once('SIGINT', () => runtime.jobManager.requestStop());
  try {
    const log = await runtime.log();
    for (const input of example.inputs) await fillExampleTopic(log, input, nodeClock);
    await log.createTopic(output.topic, output.partitions);
    const result = await runtime.jobManager.run(options.fresh ? 'fresh-start' : 'first-start');
    if (result.failure !== undefined) logger.error(`The job failed: ${describeFailure(result.failure)}`);
    if (result.outcome !== 'finished') return result.exitCode;
    const { text, isRight } = example.check(await readExampleTopic(log, output.topic, outputFrom), settings);
    process.stdout.write(`${text}\n`);
    return isRight ? 0 : 1;
  } finally {
    await runtime.close();
  }
}

function version(): string {
  const file = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string }).version;
}

main(process.argv[2], process.argv.slice(3)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    logger.error(describeFailure(toFailure(error)));
    process.exitCode = 1;
  },
);
