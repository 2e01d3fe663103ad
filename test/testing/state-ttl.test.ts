import { expect, it } from 'vitest';
import {
  type Collector,
  defineJob,
  type KeyedContext,
  KeyedProcessFunction,
  kafkaSource,
  printSink,
  type RuntimeContext,
  string,
  type ValueState,
} from '../../src/index.js';
import { openJobHarness } from '../../src/testing.js';

/** How often a word came within an hour of its last coming. */
class Streak extends KeyedProcessFunction<string, string, number> {
  private count!: ValueState<number>;

  override open(context: RuntimeContext): void {
    this.count = context.getState<number>({ name: 'count', defaultValue: 0, ttl: { time: '1h' } });
  }

  override processElement(_word: string, _context: KeyedContext<string>, out: Collector<number>): void {
    const count = this.count.value()! + 1;
    this.count.update(count);
    out.collect(count);
  }
}

const job = defineJob('streaks', (env) => {
  env
    .fromSource(kafkaSource({ topics: 'words', value: string() }), { uid: 'words' })
    .keyBy((word) => word)
    .process(new Streak(), { uid: 'streak' })
    .sinkTo(printSink<number>(), { uid: 'print' });
});

it.each([false, true])(
  'State expires by the time that a test sets (restored after each step: %s)',
  async (restoreAfterEachStep) => {
    const harness = await openJobHarness(job, { restoreAfterEachStep });
    const words = harness.input<string>('words');
    await words.processElements(['a', 'a']);
    await harness.advanceProcessingTime('59m');
    await words.processElements(['a', 'b']);
    await harness.advanceProcessingTime('1h');
    await words.processElements(['a']);
    expect(harness.output<number>('print').elements.map(({ value }) => value)).toEqual([1, 2, 3, 1, 1]);
    await harness.close();
  },
);
