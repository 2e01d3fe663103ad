import { threadId } from 'node:worker_threads';
import {
  type BroadcastContext,
  type Collector,
  collectSink,
  type DataStream,
  defineJob,
  type JoinContext,
  KeyedBroadcastProcessFunction,
  type KeyedContext,
  KeyedCoProcessFunction,
  KeyedProcessFunction,
  MAX_WATERMARK,
  type MapStateDescriptor,
  type OnTimerContext,
  OutputTag,
  ProcessJoinFunction,
  type ProcessWindowContext,
  ProcessWindowFunction,
  type ReadOnlyBroadcastStates,
  type RuntimeContext,
  type StreamExecutionEnvironment,
  sequenceSource,
  type TimeWindow,
  TumblingEventTimeWindows,
  type ValueState,
  Watermarks,
} from 'millrace';

/** Small jobs, one for each way in which streams can be put together; the environment names which. */
const topologies: Readonly<Record<string, (env: StreamExecutionEnvironment) => void>> = {
  union(env) {
    const low = env.fromSequence(1, 500, { uid: 'low' });
    const high = env.fromSequence(501, 1_000, { uid: 'high' });
    const words = env.fromCollection(['a', 'b'], { uid: 'words' }).map((word) => word.charCodeAt(0));
    collect(
      low.union(high, words).map((value) => value * 2),
      'out',
    );
  },

  'side-output'(env) {
    const sorted = env
      .fromSequence(1, 1_000, { uid: 'numbers' })
      .keyBy((value) => value % 10)
      .process(new SortOut(), { uid: 'sort' });
    collect(sorted, 'even');
    collect(sorted.sideOutput(odd), 'odd');
  },

  broadcast(env) {
    collect(env.fromSequence(1, 100, { uid: 'numbers' }).broadcast().map(withThread), 'out');
  },

  rebalance(env) {
    const oneSplit = env.fromSource(sequenceSource(1, 1_000, { splits: 1 }), { uid: 'numbers' });
    collect(oneSplit.rebalance().map(withThread), 'out');
  },

  /** Through one subtask, then two, then one. */
  'few-subtasks'(env) {
    const alone = env.fromSequence(1, 1_000, { uid: 'numbers' }).map(withThread, { parallelism: 1 });
    collect(alone, 'alone');
    const keyed = alone
      .keyBy(({ value }) => value % 50)
      .process(new PlaceAgain(), { uid: 'pair', parallelism: 2 });
    keyed.sinkTo(collectSink<Placed>(), { uid: 'pair-out', parallelism: 1 });
    collect(
      keyed.global().map(({ value }) => withThread(value)),
      'global',
    );
    collect(
      keyed.shuffle().map(({ value }) => withThread(value)),
      'shuffled',
    );
  },

  'custom-partitioner'(env) {
    const byRemainder = env
      .fromSequence(1, 1_000, { uid: 'numbers' })
      .partitionCustom('remainder', (value, channels) => value % channels);
    collect(byRemainder.map(withThread), 'out');
  },

  'million-results'(env) {
    const results = env.fromCollection([1_000_000], { uid: 'counts' }).flatMap(function* (count) {
      for (let result = 0; result < count; result += 1) yield result;
    });
    collect(count(results), 'out');
  },

  'million-timers'(env) {
    const fired = env
      .fromSequence(0, 999_999, { uid: 'numbers' })
      .keyBy((value) => value % 1_000)
      .process(new TimerForEach(), { uid: 'timers' });
    collect(count(fired), 'out');
  },

  windows(env) {
    const sums = env
      .fromSequence(0, 99_999, { uid: 'numbers', watermarks: Watermarks.monotonous((value) => value) })
      .keyBy((value) => `key ${value % 10}`)
      .window(TumblingEventTimeWindows.of('1s'))
      .reduce((a, b) => a + b, new WithWindow(), { uid: 'sums' });
    collect(sums, 'out');
  },

  /** Every thread learns every rule; at the end each key tells how many there are. */
  'broadcast-state'(env) {
    const numbers = env.fromSequence(1, 1_000, { uid: 'numbers' }).keyBy((value) => value % 10);
    const rules = env.fromCollection(['a', 'b', 'c'], { uid: 'rules' }).broadcast(rulesKnown);
    collect(numbers.connect(rules).process(new TellRules(), { uid: 'tell' }), 'out');
  },

  /** Each number of one stream meets its square root of the other, in three ways. */
  'two-streams'(env) {
    const watermarks = Watermarks.monotonous<number>((value) => value);
    const squares = env.fromSequence(0, 9_999, { uid: 'squares', watermarks });
    const roots = env.fromSequence(0, 99, { uid: 'roots' }).map((root) => root * root);
    const timedRoots = env
      .fromSequence(0, 99, { uid: 'timed-roots', watermarks: Watermarks.monotonous((root) => root * root) })
      .map((root) => root * root);
    const same = (value: number): number => value;
    const met = squares.keyBy(same).connect(roots.keyBy(same)).process(new Meet(), { uid: 'meet' });
    collect(met, 'connected');
    const near = squares.keyBy(same).intervalJoin(timedRoots.keyBy(same)).between(0, 0);
    collect(near.process(new JoinBoth(), { uid: 'interval-join' }), 'interval-joined');
    const windows = squares.join(timedRoots).where(same).equalTo(same);
    const joined = windows.window(TumblingEventTimeWindows.of('1s'));
    collect(
      joined.apply((a, b) => [a, b], { uid: 'window-join' }),
      'window-joined',
    );
  },
};

interface Placed {
  readonly value: number;
  readonly thread: number;
}

const rulesKnown: MapStateDescriptor<string, number> = { name: 'rules' };

class PlaceAgain extends KeyedProcessFunction<number, Placed, Placed> {
  override processElement({ value }: Placed, _: KeyedContext<number>, out: Collector<Placed>): void {
    out.collect(withThread(value));
  }
}

class TellRules extends KeyedBroadcastProcessFunction<number, number, string, Placed> {
  override processElement(_value: number, context: KeyedContext<number> & ReadOnlyBroadcastStates): void {
    context.timerService.registerEventTimeTimer(MAX_WATERMARK);
  }

  override processBroadcastElement(rule: string, context: BroadcastContext): void {
    context.getBroadcastState(rulesKnown).put(rule, 1);
  }

  override onTimer(
    _timestamp: number,
    context: OnTimerContext<number> & ReadOnlyBroadcastStates,
    out: Collector<Placed>,
  ): void {
    out.collect({ value: context.getBroadcastState(rulesKnown).entries().length, thread: threadId });
  }
}

class Meet extends KeyedCoProcessFunction<number, number, number, readonly number[]> {
  private waiting!: ValueState<number>;

  override open(context: RuntimeContext): void {
    this.waiting = context.getState<number>({ name: 'waiting' });
  }

  override processElement1(value: number, _: KeyedContext<number>, out: Collector<readonly number[]>): void {
    this.meet(value, out);
  }

  override processElement2(value: number, _: KeyedContext<number>, out: Collector<readonly number[]>): void {
    this.meet(value, out);
  }

  private meet(value: number, out: Collector<readonly number[]>): void {
    const waiting = this.waiting.value();
    if (waiting === undefined) this.waiting.update(value);
    else out.collect([waiting, value]);
  }
}

class JoinBoth extends ProcessJoinFunction<number, number, readonly number[]> {
  override processElement(
    left: number,
    right: number,
    _: JoinContext,
    out: Collector<readonly number[]>,
  ): void {
    out.collect([left, right]);
  }
}

class WithWindow extends ProcessWindowFunction<string, number, unknown, TimeWindow> {
  override process(
    key: string,
    { window }: ProcessWindowContext<TimeWindow>,
    [sum]: readonly number[],
    out: Collector<unknown>,
  ): void {
    out.collect({ key, start: window.start, sum });
  }
}

const odd = new OutputTag<string>('odd');

class SortOut extends KeyedProcessFunction<number, number, number> {
  override processElement(value: number, context: KeyedContext<number>, out: Collector<number>): void {
    if (value % 2 === 0) out.collect(value);
    else context.output(odd, `odd ${value}`);
  }
}

class TimerForEach extends KeyedProcessFunction<number, number, number> {
  override processElement(value: number, context: KeyedContext<number>): void {
    context.timerService.registerEventTimeTimer(value);
  }

  override onTimer(timestamp: number, _context: OnTimerContext<number>, out: Collector<number>): void {
    out.collect(timestamp);
  }
}

/** How many values each of eight keys had, and their sum, told at the end of the input. */
class CountToEnd extends KeyedProcessFunction<
  number,
  number,
  { readonly count: number; readonly sum: number }
> {
  private total!: ValueState<{ readonly count: number; readonly sum: number }>;

  override open(context: RuntimeContext): void {
    this.total = context.getState({ name: 'total' });
  }

  override processElement(value: number, context: KeyedContext<number>): void {
    const total = this.total.value() ?? { count: 0, sum: 0 };
    this.total.update({ count: total.count + 1, sum: total.sum + value });
    if (total.count === 0) context.timerService.registerEventTimeTimer(MAX_WATERMARK);
  }

  override onTimer(
    _timestamp: number,
    _context: OnTimerContext<number>,
    out: Collector<{ readonly count: number; readonly sum: number }>,
  ): void {
    const total = this.total.value();
    if (total !== undefined && total !== null) out.collect(total);
  }
}

function count(values: DataStream<number>): DataStream<{ readonly count: number; readonly sum: number }> {
  return values.keyBy((value) => value % 8).process(new CountToEnd(), { uid: 'count' });
}

function withThread(value: number): Placed {
  return { value, thread: threadId };
}

function collect<T>(stream: DataStream<T>, uid: string): void {
  stream.sinkTo(collectSink<T>(), { uid });
}

export default defineJob('topologies', (env) => {
  const build = topologies[process.env.TEST_TOPOLOGY ?? ''];
  if (build === undefined) throw new Error(`There is no topology "${process.env.TEST_TOPOLOGY}".`);
  build(env);
});
