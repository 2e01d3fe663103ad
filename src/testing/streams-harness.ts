import type { DataStream } from '../api/data-stream.js';
import { defineJob, type JobDefinition } from '../api/job.js';
import { Watermarks } from '../api/watermarks.js';
import { discardSink } from '../sinks/discard-sink.js';
import { AbstractHarness, type HarnessOptions, type HarnessRuns, openRuns } from './abstract-harness.js';
import type { TestInput } from './test-input.js';
import type { TestOutput } from './test-output.js';

/**
 * Runs what `build` makes of its input streams, in this thread and without a broker, on the operators,
 * exchange and state that run in a job. Each stream that `build` names in its answer becomes an output:
 *
 *     const { inputs: [clicks], outputs } = await openHarness((clicks: DataStream<Click>) => ({
 *       totals: clicks.keyBy((click) => click.user).process(new CountClicks()),
 *     }));
 *
 * @throws MillraceError when the streams can't be run, as a job would.
 */
export async function openHarness<In extends readonly unknown[], Out extends NamedTypes>(
  build: (...inputs: InputStreams<In>) => OutputStreams<Out>,
  options: HarnessOptions = {},
): Promise<StreamsHarness<In, Out>> {
  const names: string[] = [];
  const job = jobOf(build, names);
  return new StreamsHarness<In, Out>(await openRuns(job, options), build.length, new Set(names));
}

/** Streams under test: their inputs in the order of `build`'s parameters, their outputs by name. */
export class StreamsHarness<In extends readonly unknown[], Out extends NamedTypes> extends AbstractHarness {
  readonly inputs: TestInputs<In>;
  readonly outputs: TestOutputs<Out>;

  constructor(runs: HarnessRuns, inputCount: number, outputNames: ReadonlySet<string>) {
    super(runs);
    const inputs = Array.from({ length: inputCount }, (_, index) => this.inputOf<unknown>(inputUid(index)));
    this.inputs = inputs as unknown as TestInputs<In>;
    const outputs = [...outputNames].map((name) => [name, runs.run.outputs.get(outputUid(name))]);
    this.outputs = Object.fromEntries(outputs) as TestOutputs<Out>;
  }
}

/** By name, the type of a stream's elements. */
export type NamedTypes = Readonly<Record<string, unknown>>;
export type InputStreams<In extends readonly unknown[]> = { [I in keyof In]: DataStream<In[I]> };
export type OutputStreams<Out extends NamedTypes> = { readonly [N in keyof Out]: DataStream<Out[N]> };
export type TestInputs<In extends readonly unknown[]> = { readonly [I in keyof In]: TestInput<In[I]> };
export type TestOutputs<Out extends NamedTypes> = { readonly [N in keyof Out]: TestOutput<Out[N]> };

/** Collects the outputs' names as it is built. */
function jobOf<In extends readonly unknown[], Out extends NamedTypes>(
  build: (...inputs: InputStreams<In>) => OutputStreams<Out>,
  names: string[],
): JobDefinition {
  return defineJob('streams-under-test', (env) => {
    // The strategy is there for operators that demand one; the harness's watermarks are the test's.
    const inputs = Array.from({ length: build.length }, (_, index) =>
      env.fromCollection<unknown>([], { uid: inputUid(index), watermarks: Watermarks.monotonous() }),
    );
    const outputs = build(...(inputs as unknown as InputStreams<In>));
    for (const [name, stream] of Object.entries(outputs) as [string, DataStream<never>][]) {
      names.push(name);
      stream.sinkTo(discardSink(), { uid: outputUid(name) });
    }
  });
}

/** Apart from any uid that the operators under test would have. */
const inputUid = (index: number): string => `input of the harness: ${index}`;
const outputUid = (name: string): string => `output of the harness: ${name}`;
