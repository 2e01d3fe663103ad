import { describe, expectTypeOf, it } from 'vitest';
import type { DataStream } from '../../src/api/data-stream.js';
import type { DeepReadonly } from '../../src/api/deep-readonly.js';
import type { StreamExecutionEnvironment } from '../../src/api/environment.js';
import { type Collector, type KeyedContext, KeyedProcessFunction } from '../../src/api/functions.js';
import { defineJob } from '../../src/api/job.js';
import { OutputTag } from '../../src/api/output-tag.js';
import { collectSink } from '../../src/sinks/collect-sink.js';

interface Click {
  readonly user: string;
  readonly at: { readonly page: string };
}

class CountClicks extends KeyedProcessFunction<string, Click, number> {
  processElement(_click: DeepReadonly<Click>, context: KeyedContext<string>, out: Collector<number>): void {
    expectTypeOf(context.currentKey).toEqualTypeOf<string>();
    out.collect(1);
  }
}

/** Described and never run: what is tested is that it compiles, or doesn't (`@ts-expect-error` fails when it does). */
const described = (build: (env: StreamExecutionEnvironment) => void): void => {
  defineJob('types', build);
};
const clicksOf = (env: StreamExecutionEnvironment): DataStream<Click> =>
  env.fromCollection<Click>([{ user: 'ann', at: { page: 'home' } }]);

describe('The element type', () => {
  it('flows from the source to the sink', () => {
    described((env) => {
      const clicks = clicksOf(env);
      expectTypeOf(clicks.map((click) => click.at.page)).toEqualTypeOf<DataStream<string>>();
      expectTypeOf(clicks.flatMap((click) => [click.user.length])).toEqualTypeOf<DataStream<number>>();
      expectTypeOf(clicks.filter((click) => click.user !== '')).toEqualTypeOf<DataStream<Click>>();
      const counted = clicks.keyBy((click) => click.user).process(new CountClicks());
      expectTypeOf(counted).toEqualTypeOf<DataStream<number>>();
      expectTypeOf(counted.sideOutput(new OutputTag<Date>('late'))).toEqualTypeOf<DataStream<Date>>();
      counted.sinkTo(collectSink<number>());
    });
  });

  it('is narrowed by a filter that is a type guard', () => {
    described((env) => {
      const mixed = env.fromCollection<string | number>([1, 'a']);
      const texts = mixed.filter((value): value is string => typeof value === 'string');
      expectTypeOf(texts).toEqualTypeOf<DataStream<string>>();
    });
  });

  it('does not let a wrong use compile', () => {
    described((env) => {
      const clicks = clicksOf(env);
      // @ts-expect-error: a sink of numbers can't take clicks.
      clicks.sinkTo(collectSink<number>());
      // @ts-expect-error: there is no such field.
      clicks.map((click) => click.pages);
      clicks.map((click) => {
        // @ts-expect-error: elements are immutable, deeply.
        click.at.page = 'elsewhere';
        return click;
      });
      // @ts-expect-error: an object is no key.
      clicks.keyBy((click) => click.at);
      // @ts-expect-error: the function's key is another one.
      clicks.keyBy((click) => click.user.length).process(new CountClicks());
      // @ts-expect-error: streams of different elements can't be united.
      clicks.union(env.fromCollection([1]));
      // @ts-expect-error: a keyed stream has no sink; its elements go through a function first.
      clicks.keyBy((click) => click.user).sinkTo(collectSink<Click>());
      // @ts-expect-error: a filter answers yes or no, not a promise of it.
      clicks.filter(async () => true);
    });
  });

  it('of a side output is that of its tag', () => {
    class Tagged extends KeyedProcessFunction<string, Click, never> {
      private readonly late = new OutputTag<number>('late');

      processElement(_click: DeepReadonly<Click>, context: KeyedContext<string>): void {
        context.output(this.late, 1);
        // @ts-expect-error: the tag is one of numbers.
        context.output<number>(this.late, 'one');
      }
    }
    expectTypeOf<Tagged>().toExtend<KeyedProcessFunction<string, Click, never>>();
  });
});
