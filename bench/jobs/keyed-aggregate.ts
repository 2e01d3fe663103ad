import {
  type Collector,
  defineJob,
  discardSink,
  type JobDefinition,
  type KeyedContext,
  KeyedProcessFunction,
  type RuntimeContext,
  type ValueCodec,
  type ValueState,
} from 'millrace';
import { type PricedEvent, pricedEvents } from './priced-events.js';
import { nextTotals, type UserTotals } from './user-totals.js';

class CountPerUser extends KeyedProcessFunction<string, PricedEvent, UserTotals> {
  private totals!: ValueState<UserTotals>;

  override open(context: RuntimeContext): void {
    this.totals = context.getState<UserTotals>({ name: 'totals' });
  }

  override processElement(
    event: PricedEvent,
    _context: KeyedContext<string>,
    out: Collector<UserTotals>,
  ): void {
    const totals = nextTotals(this.totals.value(), event);
    this.totals.update(totals);
    if (totals.count % outputEvery === 0) out.collect(totals);
  }
}

/** An output at each so many events of a user. */
const outputEvery = 100;

/** The job, whichever way its events are decoded. */
export function keyedAggregate(value: ValueCodec<PricedEvent>): JobDefinition {
  return defineJob('keyed-aggregate', (env) => {
    env
      .fromSource(pricedEvents(value), { uid: 'events' })
      .keyBy((event) => event.user_id)
      .process(new CountPerUser(), { uid: 'count-per-user' })
      .sinkTo(discardSink(), { uid: 'discard' });
  });
}
