import {
  type Collector,
  defineJob,
  discardSink,
  type KeyedContext,
  KeyedProcessFunction,
  type RuntimeContext,
  sequenceSource,
  type ValueState,
} from 'millrace';

/**
 * Gives each key a value of the size that the environment names when it first sees the key, and afterwards
 * looks at it and counts: much state, of which little changes.
 */
const keys = Number(process.env.TEST_KEYS);
const valueBytes = Number(process.env.TEST_VALUE_BYTES);
const ratePerSecond = Number(process.env.TEST_RATE);

class Remember extends KeyedProcessFunction<number, number, number> {
  private profile!: ValueState<string>;
  private visits!: ValueState<number>;

  override open(context: RuntimeContext): void {
    this.profile = context.getState({ name: 'profile' });
    this.visits = context.getState({ name: 'visits' });
  }

  override processElement(value: number, context: KeyedContext<number>, out: Collector<number>): void {
    const visits = this.visits.value() ?? 0;
    const profile = this.profile.value() ?? undefined;
    if (profile === undefined) this.profile.update(profileOf(context.currentKey));
    else if (profile !== profileOf(context.currentKey))
      throw new Error(`Key ${context.currentKey} has another key's state.`);
    this.visits.update(visits + 1);
    if (visits !== Math.floor(value / keys))
      throw new Error(`Key ${context.currentKey} was seen ${visits} times before ${value}.`);
    out.collect(value);
  }
}

function profileOf(key: number): string {
  return `${key} `.padEnd(valueBytes, 'profile ');
}

export default defineJob('large-state', (env) => {
  env
    .fromSource(sequenceSource(0, 1_000_000_000, { splits: 8, ratePerSecond }), { uid: 'numbers' })
    .keyBy((value) => value % keys)
    .process(new Remember(), { uid: 'remember' })
    .sinkTo(discardSink(), { uid: 'nowhere' });
});
