import {
  type Collector,
  defineJob,
  discardSink,
  type JobDefinition,
  type KeyedContext,
  KeyedProcessFunction,
  kafkaSource,
  type RuntimeContext,
  type ValueCodec,
  type ValueState,
} from 'millrace';

/** The benchmark's aggregate: events of a user, the time of the last, and the sum of their prices. */
export interface UserTotals {
  readonly count: number;
  readonly lastTs: number;
  readonly sum: number;
}

export interface PricedEvent {
  readonly user_id: string;
  readonly timestamp: number;
  readonly parameters: { readonly custom_params: { readonly price?: number } };
}

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
    const before = this.totals.value();
    const totals = {
      count: (before?.count ?? 0) + 1,
      lastTs: event.timestamp,
      sum: (before?.sum ?? 0) + (event.parameters.custom_params.price ?? 0),
    };
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
      .fromSource(
        kafkaSource({
          topics: process.env['MILLRACE_BENCH_TOPIC'] ?? 'user-tracking-events',
          startingOffsets: 'earliest',
          bounded: 'latest',
          value,
        }),
        { uid: 'events' },
      )
      .keyBy((event) => event.user_id)
      .process(new CountPerUser(), { uid: 'count-per-user' })
      .sinkTo(discardSink(), { uid: 'discard' });
  });
}
