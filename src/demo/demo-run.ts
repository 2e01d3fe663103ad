import type { Files } from '../host/files.js';
import type { LogClient } from '../log/log-port.js';
import { type PartitionRange, rangesOfTopic } from '../log/partition-ranges.js';
import { checkResult, type ResultCheck } from './check-result.js';
import { demoInputTopic, demoOutputTopic, demoPartitions } from './demo-input.js';

/**
 * One run of the demo, from the first start to the end of its input, through any number of crashes. Kept in
 * the state folder, since a run that was killed goes on in another process, and its check must still leave
 * out what earlier runs wrote to the same topic.
 */
export interface DemoRun {
  readonly input: readonly PartitionRange[];
  /** The first offset of this run's actions, by partition of the output topic. */
  readonly outputFrom: readonly number[];
}

const runFile = 'demo-run.json';

/**
 * Begins a run, or goes on with the one that `isRestored` from a checkpoint. To be called after the log is
 * settled, since a commit that is still owed to an earlier run belongs before this one, and before
 * checkpoint 0 is durable, or a crash in between would find an earlier run's file for its own.
 */
export async function beginDemoRun(files: Files, log: LogClient, isRestored: boolean): Promise<DemoRun> {
  if (isRestored) {
    const run = await readDemoRun(files);
    if (run !== undefined) return run;
  }
  await log.createTopic(demoOutputTopic, demoPartitions);
  const output = await rangesOfTopic(log, demoOutputTopic);
  const run: DemoRun = {
    input: await rangesOfTopic(log, demoInputTopic),
    outputFrom: output.map(({ to }) => to),
  };
  await files.writeAtomically(runFile, Buffer.from(JSON.stringify(run)));
  return run;
}

/** The run that a state folder knows, for a process that only had to end it. */
export async function readDemoRun(files: Files): Promise<DemoRun | undefined> {
  const bytes = await files.read(runFile);
  return bytes === undefined ? undefined : (JSON.parse(Buffer.from(bytes).toString('utf8')) as DemoRun);
}

/** Checks what a finished run wrote against the oracle. */
export async function checkDemoRun(log: LogClient, run: DemoRun): Promise<ResultCheck> {
  return checkResult(log, {
    input: run.input,
    output: await rangesOfTopic(log, demoOutputTopic, run.outputFrom),
  });
}
