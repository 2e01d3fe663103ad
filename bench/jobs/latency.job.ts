import {
  type Collector,
  defineJob,
  json,
  type KeyedContext,
  KeyedProcessFunction,
  kafkaSink,
  kafkaSource,
  type RuntimeContext,
  type ValueState,
} from 'millrace';
import type { AnsweredEvent, TimedEvent } from '../latency/timed-event.js';
import { nextTotals, type UserTotals } from './user-totals.js';

/** The keyed aggregate of the other benchmarks; but here each event has its answer. */
class AnswerEachEvent extends KeyedProcessFunction<string, TimedEvent, AnsweredEvent> {
  private totals!: ValueState<UserTotals>;

  override open(context: RuntimeContext): void {
    this.totals = context.getState<UserTotals>({ name: 'totals' });
  }

  override processElement(
    event: TimedEvent,
    _context: KeyedContext<string>,
    out: Collector<AnsweredEvent>,
  ): void {
    const totals = nextTotals(this.totals.value(), event);
    this.totals.update(totals);
    out.collect({ user: event.user_id, sequence: event.sequence, sent_at_ms: event.sent_at_ms, ...totals });
  }
}

const { MILLRACE_BENCH_TOPIC: input = 'latency-in', MILLRACE_BENCH_OUTPUT: output = 'latency-out' } =
  process.env;
const isExactlyOnce = process.env['MILLRACE_BENCH_GUARANTEE'] === 'exactly-once';

export default defineJob('latency', (env) => {
  env
    .fromSource(kafkaSource({ topics: input, startingOffsets: 'earliest', value: json<TimedEvent>() }), {
      uid: 'events',
    })
    .keyBy((event) => event.user_id)
    .process(new AnswerEachEvent(), { uid: 'answer' })
    .sinkTo(
      kafkaSink<AnsweredEvent>({
        topic: output,
        key: (answer) => answer.user,
        value: json(),
        linger: 0,
        ...(isExactlyOnce
          ? { deliveryGuarantee: 'exactly-once' as const, transactionalIdPrefix: output }
          : { deliveryGuarantee: 'at-least-once' as const }),
      }),
      { uid: 'answers' },
    );
});
