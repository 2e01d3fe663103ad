import {
  type AggregateFunction,
  type Collector,
  defineJob,
  type JobDefinition,
  type ProcessWindowContext,
  ProcessWindowFunction,
  type TimeWindow,
  TumblingEventTimeWindows,
  type ValueCodec,
  Watermarks,
} from 'millrace';
import { tallySink } from '../windows/tally-sink.js';
import type { WindowTotals } from '../windows/window-tally.js';
import { type PricedEvent, pricedEvents } from './priced-events.js';

interface Totals {
  readonly count: number;
  readonly sum: number;
}

const countAndSum: AggregateFunction<PricedEvent, Totals, Totals> = {
  createAccumulator: () => ({ count: 0, sum: 0 }),
  add: (event, { count, sum }) => ({
    count: count + 1,
    sum: sum + (event.parameters.custom_params.price ?? 0),
  }),
  getResult: (totals) => totals,
};

class WithUserAndWindow extends ProcessWindowFunction<string, Totals, WindowTotals, TimeWindow> {
  override process(
    user: string,
    { window }: ProcessWindowContext<TimeWindow>,
    [totals]: readonly Totals[],
    out: Collector<WindowTotals>,
  ): void {
    out.collect({ user, start: window.start, count: totals!.count, sum: totals!.sum });
  }
}

/** Count and sum per user in tumbling windows, whichever way its events are decoded. */
export function windowedTotals(value: ValueCodec<PricedEvent>): JobDefinition {
  return defineJob('windowed-totals', (env) => {
    env
      .fromSource(pricedEvents(value), {
        uid: 'events',
        watermarks: Watermarks.boundedOutOfOrderness('1s', (event) => event.timestamp),
      })
      .keyBy((event) => event.user_id)
      .window(TumblingEventTimeWindows.of('10s'))
      .aggregate(countAndSum, new WithUserAndWindow(), { uid: 'totals-per-window' })
      .sinkTo(tallySink(), { uid: 'tally' });
  });
}
