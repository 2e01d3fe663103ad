import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import {
  type Collector,
  defineJob,
  json,
  type KeyedContext,
  KeyedProcessFunction,
  kafkaSink,
  type RuntimeContext,
  sequenceSource,
  type ValueState,
} from 'millrace';
import { addTo, type CountedSum, type Tally } from './tally.js';

/**
 * Counts and sums numbers by key, and reports each tenth of a key. Fails once, in the way that the
 * environment names, when the last key has counted a third of its numbers and a checkpoint is complete.
 */
const numbers = Number(process.env.TEST_NUMBERS);
const keys = Number(process.env.TEST_KEYS);
const ratePerSecond = Number(process.env.TEST_RATE);
const failure = process.env.TEST_FAILURE ?? 'none';
const marker = process.env.TEST_MARKER ?? '';
const checkpoints = `${process.env.TEST_STATE_DIR}/checkpoints`;

class CountAndSum extends KeyedProcessFunction<number, number, Tally> {
  private tally!: ValueState<CountedSum>;

  override open(context: RuntimeContext): void {
    this.tally = context.getState({ name: 'tally' });
  }

  override processElement(
    value: number,
    context: KeyedContext<number>,
    out: Collector<Tally>,
  ): void | Promise<void> {
    if (failure === 'async-function') return Promise.resolve();
    const tally = addTo(this.tally.value(), value);
    this.tally.update(tally);
    if (tally.count % 10 === 0) out.collect({ key: context.currentKey, ...tally });
    if (context.currentKey === keys - 1 && tally.count > numbers / keys / 3) failOnce();
    return undefined;
  }
}

/** For each number of one key in eighty: short enough that barriers and heartbeats get through. */
const waitForCheckpointMs = 50;
let hasFailed = false;

function failOnce(): void {
  if (hasFailed || failure === 'none') return;
  hasFailed = existsSync(marker);
  if (hasFailed) return;
  if (!readdirSync(checkpoints).some((name) => name !== 'chk-0.json')) {
    // On a busy machine the input would end before the first checkpoint does.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, waitForCheckpointMs);
    return;
  }
  hasFailed = true;
  writeFileSync(marker, failure);
  switch (failure) {
    case 'throw':
      throw new Error('thrown on purpose');
    case 'unhandled-rejection':
      void Promise.reject(new Error('rejected on purpose'));
      return;
    case 'process-exit':
      process.exit(3);
      return;
    case 'heap-exhaustion': {
      // A chain of small objects: V8 ends the whole process over a single large one.
      let held: unknown;
      for (;;) held = { next: held, text: [1, 2, 3, 4] };
    }
    case 'endless-loop':
      for (;;);
    case 'timer-callback':
      setTimeout(() => {
        throw new Error('thrown in a timer on purpose');
      }, 0);
      return;
    default:
      throw new Error(`There is no failure "${failure}".`);
  }
}

export default defineJob('counting', (env) => {
  env
    // A key's numbers are all of one split, so that their order is fixed.
    .fromSource(sequenceSource(0, numbers - 1, { splits: 8, ratePerSecond }), { uid: 'numbers' })
    .keyBy((value) => value % keys)
    .process(new CountAndSum(), { uid: 'count' })
    .sinkTo(
      kafkaSink<Tally>({
        topic: 'tallies',
        deliveryGuarantee: 'exactly-once',
        transactionalIdPrefix: 'counting',
        key: (tally) => String(tally.key),
        value: json(),
      }),
      { uid: 'tallies' },
    );
});
