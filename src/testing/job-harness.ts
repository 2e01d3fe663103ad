import type { JobDefinition } from '../api/job.js';
import { AbstractHarness, type HarnessOptions, type HarnessRuns, openRuns } from './abstract-harness.js';
import type { TestInput } from './test-input.js';
import type { CapturedOutput, TestOutput } from './test-output.js';

/**
 * Runs a whole job, in this thread and without a broker: the test's inputs take the place of its sources, and
 * outputs that of its sinks, each known by its uid. Of a source, its watermark strategy still gives the
 * elements their event time; codecs, partitioners and topics are left out.
 */
export async function openJobHarness(job: JobDefinition, options: HarnessOptions = {}): Promise<JobHarness> {
  return new JobHarness(await openRuns(job, options));
}

export class JobHarness extends AbstractHarness {
  private readonly captured: ReadonlyMap<string, CapturedOutput<unknown>>;

  constructor(runs: HarnessRuns) {
    super(runs);
    this.captured = runs.run.outputs;
  }

  /** In place of the source with this uid. */
  input<T>(sourceUid: string): TestInput<T> {
    return this.inputOf<T>(sourceUid);
  }

  /** What reached the sink with this uid. @throws when there is none. */
  output<T>(sinkUid: string): TestOutput<T> {
    const output = this.captured.get(sinkUid);
    if (output !== undefined) return output as unknown as TestOutput<T>;
    const known = [...this.captured.keys()].map((uid) => `"${uid}"`).join(', ');
    throw new Error(`The job has no sink with the uid "${sinkUid}"; it has ${known}.`);
  }
}
