import {
  type Collector,
  defineJob,
  json,
  type KeyedContext,
  KeyedProcessFunction,
  kafkaSink,
  kafkaSource,
  type OnTimerContext,
  Watermarks,
} from 'millrace';

export interface Part {
  readonly user: string;
  readonly id: number;
  readonly time: number;
}

/** The place that fails at the record of TEST_FAULTY_ID, if any record is at fault there. */
export type FaultyPlace = 'keyed-function' | 'timer' | 'behind-second-exchange' | 'sink';

const place = process.env.TEST_FAULTY_PLACE as FaultyPlace;
const faultyId = Number(process.env.TEST_FAULTY_ID);

function check(at: FaultyPlace, { id }: Pick<Part, 'id'>): void {
  if (at === place && id === faultyId) throw new RangeError(`no ${id}`);
}

/** Passes on each part and, once its user's time is over, another that comes from none. */
class PassOn extends KeyedProcessFunction<string, Part, Part> {
  override processElement(part: Part, context: KeyedContext<string>, out: Collector<Part>): void {
    check('keyed-function', part);
    context.timerService.registerEventTimeTimer(Number.MAX_SAFE_INTEGER - 1);
    out.collect(part);
  }

  override onTimer(time: number, { currentKey }: OnTimerContext<string>, out: Collector<Part>): void {
    check('timer', { id: faultyId });
    out.collect({ user: currentKey, id: -1, time });
  }
}

/** Three exchanges: records cross the first as they were read, and the others after a filter and a flatMap. */
export default defineJob('faulty', (env) => {
  env
    .fromSource(kafkaSource({ topics: 'parts', value: json<Part>(), bounded: 'latest' }), {
      uid: 'parts',
      watermarks: Watermarks.monotonous((part) => part.time),
    })
    .keyBy((part) => part.user)
    .process(new PassOn(), { uid: 'pass-on' })
    .filter(({ id }) => id % 3 !== 1)
    .flatMap(function* (part) {
      yield part;
      yield part;
    })
    .rebalance()
    .map(
      (part) => {
        check('behind-second-exchange', part);
        return part;
      },
      { uid: 'look' },
    )
    .rebalance()
    .sinkTo(
      kafkaSink<Part>({
        topic: 'passed',
        key: (part) => {
          check('sink', part);
          return part.user;
        },
        value: json(),
      }),
      { uid: 'passed' },
    );
});
