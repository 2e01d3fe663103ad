import type { DataStream } from '../../src/api/data-stream.js';
import type { DeepReadonly } from '../../src/api/deep-readonly.js';
import type { Collector } from '../../src/api/functions.js';
import type { KeyedStream } from '../../src/api/keyed-stream.js';
import { OutputTag } from '../../src/api/output-tag.js';
import { type ProcessWindowContext, ProcessWindowFunction } from '../../src/api/process-window-function.js';
import type { WindowedStream } from '../../src/api/windowed-stream.js';
import { TimeWindow, type Window } from '../../src/windows/window.js';
import { endOfInput, runEveryWay, type Step } from '../operators/operator-harness.js';
import { observe } from '../operators/operator-subtask.js';

export interface Hit {
  readonly key: string;
  readonly n: number;
}

export const late = new OutputTag<Hit>('late');

/** Says which window it is, and what is in it. */
export class Describe<W extends Window> extends ProcessWindowFunction<string, Hit, unknown, W> {
  process(
    key: string,
    context: ProcessWindowContext<W>,
    elements: readonly DeepReadonly<Hit>[],
    out: Collector<unknown>,
  ): void {
    out.collect(`${key} ${wordFor(context.window)} ${elements.map(({ n }) => n).join('+')}`);
  }
}

function wordFor(window: Window): string {
  return window instanceof TimeWindow ? `[${window.start},${window.end})` : 'global';
}

export const sum = (a: Hit, b: Hit): Hit => ({ key: a.key, n: a.n + b.n });

/** The results of windows over hits, and the late hits, in every way in which the operator may be run. */
export async function runWindows(
  windows: (hits: KeyedStream<Hit, string>) => DataStream<unknown>,
  steps: readonly Step<Hit>[],
): Promise<{ readonly results: unknown[]; readonly timestamps: number[]; readonly late: number[] }> {
  const emitted = await runEveryWay<Hit>(
    (input) => {
      const results = windows(input.keyBy((hit) => hit.key));
      observe(results);
      observe(results.sideOutput(late));
    },
    [...steps, endOfInput],
  );
  const ofEdge = (edge: number) => emitted.filter((each) => each.kind === 'record' && each.edge === edge);
  return {
    results: ofEdge(0).map((each) => each.kind === 'record' && each.value),
    timestamps: ofEdge(0).map((each) => (each.kind === 'record' ? each.timestamp : 0)),
    late: ofEdge(1).map((each) => (each.kind === 'record' ? (each.value as Hit).n : 0)),
  };
}

/** With the elements kept one by one, and with a reduced one: both must show the same windows. */
export const processed = <W extends Window>(stream: WindowedStream<Hit, string, W>) =>
  stream.sideOutputLateData(late).process(new Describe<W>());

export const reduced = <W extends Window>(stream: WindowedStream<Hit, string, W>) =>
  stream.sideOutputLateData(late).reduce(sum, new Describe<W>());
