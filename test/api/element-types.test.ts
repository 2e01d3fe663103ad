import { describe, expect, expectTypeOf, it } from 'vitest';
import {
  type AggregateFunction,
  type Collector,
  CountTrigger,
  collectSink,
  type DataStream,
  type DeepReadonly,
  defineJob,
  discardSink,
  type GlobalWindow,
  GlobalWindows,
  json,
  type KeyedContext,
  KeyedProcessFunction,
  type KeyedRecord,
  type KeyedStream,
  kafkaSink,
  kafkaSource,
  OutputTag,
  type ProcessWindowContext,
  ProcessWindowFunction,
  printSink,
  type RuntimeContext,
  type Sink,
  type StreamExecutionEnvironment,
  sequenceSource,
  string,
  type TimeWindow,
  TumblingEventTimeWindows,
  type ValueState,
  Watermarks,
  type WindowedStream,
} from '../../src/index.js';

/**
 * What compiles and what doesn't: `npm run check` compiles this file, and fails where a line marked
 * `@ts-expect-error` compiles after all. The jobs are described as well, so that the lines run.
 */
interface Click {
  readonly user: string;
  readonly at: number;
  readonly tags: string[];
}

interface Visit {
  readonly user: string;
  readonly clicks: number;
}

class CountClicks extends KeyedProcessFunction<string, Click, Visit> {
  private clicks!: ValueState<number>;

  override open(context: RuntimeContext): void {
    this.clicks = context.getState<number>({ name: 'clicks', defaultValue: 0 });
    // @ts-expect-error A state of numbers is no state of strings.
    const wrong: ValueState<string> = this.clicks;
    expect(wrong).toBeDefined();
  }

  override processElement(
    click: DeepReadonly<Click>,
    context: KeyedContext<string>,
    out: Collector<Visit>,
  ): void {
    expectTypeOf(context.currentKey).toEqualTypeOf<string>();
    expectTypeOf(this.clicks.value()).toEqualTypeOf<number | undefined>();
    // @ts-expect-error What a function receives is never changed.
    click.tags.push('changed');
    // @ts-expect-error A count is a number.
    this.clicks.update('1');
    // @ts-expect-error A visit has a number of clicks.
    out.collect({ user: click.user });
    out.collect({ user: click.user, clicks: 1 });
  }
}

const clicks = kafkaSource({ topics: 'clicks', value: json<Click>(), bounded: 'latest' });

/** Describes a job that ends in a sink, whatever else it does. */
function describeStreams(build: (env: StreamExecutionEnvironment) => void): number {
  const job = defineJob('types', (env) => {
    build(env);
    env.fromSequence(1, 2).sinkTo(discardSink());
  });
  return job.buildGraph().nodes.length;
}

describe('The type of the elements', () => {
  it('flows from the source to the sink', () => {
    const nodes = describeStreams((env) => {
      const stream = env.fromSource(clicks, { watermarks: Watermarks.monotonous((click) => click.at) });
      expectTypeOf(stream).toEqualTypeOf<DataStream<Click>>();
      const keyed = stream.keyBy((click) => click.user);
      expectTypeOf(keyed).toEqualTypeOf<KeyedStream<Click, string>>();
      const visits = keyed.process(new CountClicks());
      expectTypeOf(visits).toEqualTypeOf<DataStream<Visit>>();
      const users = visits.filter((visit) => visit.clicks > 1).map((visit) => visit.user);
      expectTypeOf(users).toEqualTypeOf<DataStream<string>>();
      const letters = users.flatMap(function* (user) {
        yield* user;
      });
      expectTypeOf(letters).toEqualTypeOf<DataStream<string>>();
      letters.sinkTo(kafkaSink({ topic: 'letters', value: string() }));
    });
    expect(nodes).toBeGreaterThan(6);
  });

  it('is narrowed by a filter that is a type guard', () => {
    describeStreams((env) => {
      const mixed = env.fromCollection<string | number>(['a', 1]);
      const numbers = mixed.filter((value) => typeof value === 'number');
      expectTypeOf(numbers).toEqualTypeOf<DataStream<number>>();
      numbers.sinkTo(collectSink<number>());
    });
  });

  it('of a source with a codec for keys has both', () => {
    describeStreams((env) => {
      const keyed = env.fromSource(
        kafkaSource({ topics: 'clicks', key: string(), value: json<Click>(), bounded: 'latest' }),
      );
      expectTypeOf(keyed).toEqualTypeOf<DataStream<KeyedRecord<string, Click>>>();
      keyed.sinkTo(discardSink());
    });
  });

  it('of a side output is its tag’s', () => {
    describeStreams((env) => {
      const late = new OutputTag<Click>('late');
      const stream = env.fromSource(clicks).map((click) => click.at);
      expectTypeOf(stream.sideOutput(late)).toEqualTypeOf<DataStream<Click>>();
      // @ts-expect-error A tag of clicks is no tag of numbers.
      const wrong: OutputTag<number> = late;
      expect(wrong.name).toBe('late');
      stream.sinkTo(discardSink());
    });
  });
});

describe('The type of windows', () => {
  interface Count {
    readonly user: string;
    readonly count: number;
  }

  class WithWindow extends ProcessWindowFunction<string, number, Count, TimeWindow> {
    process(
      user: string,
      context: ProcessWindowContext<TimeWindow>,
      [count]: readonly number[],
      out: Collector<Count>,
    ): void {
      expectTypeOf(context.window).toEqualTypeOf<TimeWindow>();
      // @ts-expect-error A count has a user.
      out.collect({ count });
      out.collect({ user, count: count ?? 0 });
    }
  }

  const counting: AggregateFunction<Click, number, number> = {
    createAccumulator: () => 0,
    add: (_click, count) => count + 1,
    getResult: (count) => count,
  };

  it('flows through their functions', () => {
    describeStreams((env) => {
      const stream = env.fromSource(clicks, { watermarks: Watermarks.monotonous((click) => click.at) });
      const windows = stream.keyBy((click) => click.user).window(TumblingEventTimeWindows.of('10s'));
      expectTypeOf(windows).toEqualTypeOf<WindowedStream<Click, string, TimeWindow>>();
      expectTypeOf(windows.reduce((_, click) => click as Click)).toEqualTypeOf<DataStream<Click>>();
      expectTypeOf(windows.aggregate(counting)).toEqualTypeOf<DataStream<number>>();
      const counts = windows.aggregate(counting, new WithWindow(), { uid: 'counts' });
      expectTypeOf(counts).toEqualTypeOf<DataStream<Count>>();
      const texts = windows.trigger(CountTrigger.of(3)).aggregate({
        createAccumulator: () => '',
        add: (click, text) => text + click.user,
        getResult: (text) => text.length,
      });
      expectTypeOf(texts).toEqualTypeOf<DataStream<number>>();
      const late = new OutputTag<Click>('late');
      expectTypeOf(windows.sideOutputLateData(late)).toEqualTypeOf(windows);
      expectTypeOf(stream.windowAll(GlobalWindows.create())).toEqualTypeOf<
        WindowedStream<Click, number, GlobalWindow>
      >();
    });
  });

  it('refuses what belongs to other elements, keys or windows', () => {
    describeStreams((env) => {
      const stream = env.fromSource(clicks, { watermarks: Watermarks.monotonous((click) => click.at) });
      const windows = stream.keyBy((click) => click.user).window(TumblingEventTimeWindows.of('10s'));
      // @ts-expect-error The late data are clicks.
      windows.sideOutputLateData(new OutputTag<number>('late'));
      // @ts-expect-error Clicks reduce to a click.
      windows.reduce(() => 1);
      // @ts-expect-error The function takes counts, and these are clicks.
      windows.process(new WithWindow());
      const byTime = stream.keyBy((click) => click.at).window(TumblingEventTimeWindows.of(5));
      // @ts-expect-error The function's keys are strings.
      byTime.aggregate(counting, new WithWindow());
      const byCount = stream.keyBy((click) => click.user).countWindow(3);
      // @ts-expect-error The function's windows have a start.
      byCount.aggregate(counting, new WithWindow());
      // @ts-expect-error There is no such unit.
      TumblingEventTimeWindows.of('10sec');
      // @ts-expect-error A click is never changed.
      windows.reduce((a, b) => Object.assign(a, b).tags.push('x'));
    });
  });
});

describe('A wrong use does not compile:', () => {
  it('functions that want other elements', () => {
    describeStreams((env) => {
      const stream = env.fromSource(clicks);
      // @ts-expect-error There is no such field.
      stream.map((click) => click.nothing);
      // @ts-expect-error A filter answers a boolean.
      stream.filter((click) => click.user);
      // @ts-expect-error The function counts clicks, and these are numbers.
      env.fromSequence(1, 2).keyBy(String).process(new CountClicks());
      // @ts-expect-error The function's keys are strings.
      stream.keyBy((click) => click.at).process(new CountClicks());
      // @ts-expect-error An event time is a number.
      env.fromSource(clicks, { watermarks: Watermarks.monotonous((click) => click.user) });
    });
  });

  it('keys that have no fixed encoding', () => {
    describeStreams((env) => {
      const stream = env.fromSource(clicks);
      stream.keyBy((click) => [click.user, click.at] as const).process(new (class extends PassOn {})());
      // @ts-expect-error An object is no key.
      stream.keyBy((click) => ({ user: click.user }));
      // @ts-expect-error Nothing is no key.
      stream.keyBy(() => undefined);
    });
  });

  it('sinks and unions of other elements', () => {
    describeStreams((env) => {
      const stream = env.fromSource(clicks);
      // @ts-expect-error Clicks don't go into a sink of visits.
      stream.sinkTo(kafkaSink({ topic: 'visits', value: json<Visit>() }));
      // @ts-expect-error Clicks don't go into a sink of numbers.
      stream.sinkTo(collectSink<number>());
      // @ts-expect-error Numbers are no clicks.
      stream.union(env.fromSequence(1, 2));
      stream.sinkTo(printSink());
    });
    // @ts-expect-error A sink of numbers takes no strings.
    const sink: Sink<string> = collectSink<number>();
    expect(sink.kind).toBe('collect-sink');
  });

  it('options that don’t belong together', () => {
    // @ts-expect-error Exactly once needs a prefix for its transactional ids.
    expect(() => kafkaSink({ topic: 't', value: string(), deliveryGuarantee: 'exactly-once' })).toThrow();
    // @ts-expect-error There is no such start.
    expect(() => kafkaSource({ topics: 't', value: string(), startingOffsets: 'beginning' })).toThrow();
    // @ts-expect-error A sequence is of numbers.
    expect(() => sequenceSource('1', 2)).toThrow();
  });
});

class PassOn extends KeyedProcessFunction<readonly [string, number], Click, Click> {
  override processElement(): void {}
}
