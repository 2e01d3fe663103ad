import {
  type Collector,
  defineJob,
  json,
  type KeyedContext,
  KeyedProcessFunction,
  kafkaSink,
  kafkaSource,
  type RuntimeContext,
  type StreamExecutionEnvironment,
  sequenceSource,
  type ValueState,
} from 'millrace';
import { addTo, type CountedSum, type Tally } from './tally.js';

/**
 * Tallies numbers by key: those of a topic that is written while the job runs, up to a given number in each
 * partition, and, where asked for, generated ones, which come whatever the broker does.
 */
const input = process.env.TEST_INPUT ?? '';
const output = process.env.TEST_OUTPUT ?? '';
const partitions = Number(process.env.TEST_PARTITIONS);
const perPartition = Number(process.env.TEST_PER_PARTITION);
const keys = Number(process.env.TEST_KEYS);
const generated = Number(process.env.TEST_GENERATED);
const generatedPerSecond = Number(process.env.TEST_GENERATED_RATE);
const padding = Buffer.alloc(Number(process.env.TEST_PADDING_BYTES), 'x');

interface Numbered {
  readonly key: number;
  readonly value: number;
}

class CountAndSum extends KeyedProcessFunction<number, Numbered, Tally> {
  private tally!: ValueState<CountedSum>;

  override open(context: RuntimeContext): void {
    this.tally = context.getState({ name: 'tally' });
  }

  override processElement({ value }: Numbered, context: KeyedContext<number>, out: Collector<Tally>): void {
    const tally = addTo(this.tally.value(), value);
    this.tally.update(tally);
    out.collect({ key: context.currentKey, ...tally });
  }
}

function numbersOf(env: StreamExecutionEnvironment) {
  const stops = Array.from({ length: partitions }, (_, partition) => ({
    topic: input,
    partition,
    offset: perPartition,
  }));
  const fed = env.fromSource(
    kafkaSource({ topics: input, groupId: input, bounded: { offsets: stops }, value: json<Numbered>() }),
    { uid: 'fed' },
  );
  if (generated === 0) return fed;
  const source = sequenceSource(0, generated - 1, { splits: 2, ratePerSecond: generatedPerSecond });
  // Keys of their own, each of one split: so the order within a key is fixed.
  const numbers = env
    .fromSource(source, { uid: 'generated' })
    .map((value): Numbered => ({ key: keys + (value % keys), value }));
  return fed.union(numbers);
}

export default defineJob('tally-feed', (env) => {
  numbersOf(env)
    .keyBy(({ key }) => key)
    .process(new CountAndSum(), { uid: 'tally' })
    .sinkTo(
      kafkaSink<Tally>({
        topic: output,
        deliveryGuarantee: 'exactly-once',
        transactionalIdPrefix: output,
        key: ({ key }) => String(key),
        // Where a reader of values need not carry it.
        headers: ({ key }) => (key < keys ? [] : [{ key: 'padding', value: padding }]),
        compression: 'lz4',
        value: json(),
      }),
      { uid: 'tallies' },
    );
});
