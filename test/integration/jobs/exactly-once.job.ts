import {
  type Collector,
  type Duration,
  defineJob,
  json,
  type KeyedContext,
  KeyedProcessFunction,
  kafkaSink,
  kafkaSource,
  type RuntimeContext,
  type ValueState,
} from 'millrace';
import type { NumberedRecord, Result } from './numbered-record.js';

/**
 * Passes on the records of a topic that is still growing, up to a given offset of each partition: as they
 * are, or, with TEST_KEYED, with how many of their key there were so far. With TEST_TOPIC_OF_EACH the sink is told the
 * topic by each element, so that nobody looks for it beforehand. TEST_ON_OFFSET_OUT_OF_RANGE is the source's option.
 */
const input = process.env.TEST_INPUT ?? '';
const output = process.env.TEST_OUTPUT ?? '';
const partitions = Number(process.env.TEST_PARTITIONS);
const recordsOfPartition = Number(process.env.TEST_RECORDS_OF_PARTITION);
const isKeyed = process.env.TEST_KEYED === '1';
const topicOfEach = process.env.TEST_TOPIC_OF_EACH === '1';

class CountOfKey extends KeyedProcessFunction<string, NumberedRecord, Result> {
  private count!: ValueState<number>;

  override open(context: RuntimeContext): void {
    this.count = context.getState<number>({ name: 'count' });
  }

  override processElement(
    record: NumberedRecord,
    _context: KeyedContext<string>,
    out: Collector<Result>,
  ): void {
    const count = (this.count.value() ?? 0) + 1;
    this.count.update(count);
    out.collect({ ...record, job: output, count });
  }
}

export default defineJob('exactly-once', (env) => {
  const records = kafkaSource({
    topics: input,
    bounded: {
      offsets: Array.from({ length: partitions }, (_, partition) => ({
        topic: input,
        partition,
        offset: recordsOfPartition,
      })),
    },
    onOffsetOutOfRange: (process.env.TEST_ON_OFFSET_OUT_OF_RANGE ?? 'fail') as 'fail' | 'earliest' | 'latest',
    value: json<NumberedRecord>(),
  });
  const results = kafkaSink<Result>({
    topic: topicOfEach ? () => output : output,
    deliveryGuarantee: 'exactly-once',
    transactionalIdPrefix: output,
    transactionTimeout: (process.env.TEST_TRANSACTION_TIMEOUT ?? '15m') as Duration,
    key: ({ key }) => key,
    value: json(),
  });
  const stream = env.fromSource(records, { uid: 'records' });
  const passedOn = isKeyed
    ? stream.keyBy(({ key }) => key).process(new CountOfKey(), { uid: 'count' })
    : stream.map((record): Result => ({ ...record, job: output }));
  passedOn.sinkTo(results, { uid: 'results' });
});
