import { existsSync } from 'node:fs';
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
import type { Measurement } from './measurement.js';

/**
 * Two keyed exchanges in a row, of which the second's function takes a hundred times as long for a record as
 * the source does, until the file that the environment names is there.
 */
const marker = process.env.TEST_MARKER ?? '';
const slowRecordMs = 1;

class InOrder extends KeyedProcessFunction<string, Measurement, Measurement> {
  private last!: ValueState<number>;

  override open(context: RuntimeContext): void {
    this.last = context.getState({ name: 'last' });
  }

  override processElement(
    value: Measurement,
    context: KeyedContext<string>,
    out: Collector<Measurement>,
  ): void {
    const last = this.last.value() ?? -1;
    if (value.index <= last) throw new Error(`${context.currentKey}: ${value.index} comes after ${last}.`);
    this.last.update(value.index);
    out.collect(value);
  }
}

class Slow extends KeyedProcessFunction<
  number,
  Measurement,
  { readonly group: number; readonly index: number }
> {
  private isSlow = true;
  private seen = 0;

  override processElement(
    value: Measurement,
    context: KeyedContext<number>,
    out: Collector<{ readonly group: number; readonly index: number }>,
  ): void {
    if (this.isSlow) {
      const startMs = performance.now();
      while (performance.now() - startMs < slowRecordMs);
      this.seen += 1;
      if (this.seen % 100 === 0) this.isSlow = !existsSync(marker);
    }
    out.collect({ group: context.currentKey, index: value.index });
  }
}

export default defineJob('slow', (env) => {
  env
    .fromSource(kafkaSource({ topics: 'measurements', value: json<Measurement>(), bounded: 'latest' }), {
      uid: 'measurements',
    })
    .keyBy((value) => value.sensor)
    .process(new InOrder(), { uid: 'number' })
    .keyBy((value) => value.index % 16)
    .process(new Slow(), { uid: 'slow' })
    .sinkTo(
      kafkaSink({
        topic: 'groups',
        deliveryGuarantee: 'exactly-once',
        transactionalIdPrefix: 'slow',
        value: json<{ readonly group: number; readonly index: number }>(),
      }),
      { uid: 'groups' },
    );
});
