import { describe, expect, it } from 'vitest';
import {
  type DataStream,
  dataGenSource,
  defineJob,
  kafkaSink,
  kafkaSource,
  printSink,
} from '../../src/index.js';

describe('What is no source, function or sink', () => {
  it.each<[string, (numbers: DataStream<number>) => void]>([
    [
      'process takes an object of a class that extends ProcessFunction',
      (numbers) => numbers.process(((n: number) => n) as never),
    ],
    [
      'process takes an object of a class that extends KeyedProcessFunction',
      (numbers) => numbers.keyBy((n) => n).process(((n: number) => n) as never),
    ],
    ['sinkTo takes a sink, such as kafkaSink({ … })', (numbers) => numbers.sinkTo(undefined as never)],
  ])('is refused before anything runs: %s', (sentence, describeStreams) => {
    const job = defineJob('wrong', (env) => {
      const numbers = env.fromSource(dataGenSource({ generate: (n) => n }));
      describeStreams(numbers);
      numbers.sinkTo(printSink());
    });
    expect(() => job.buildGraph()).toThrow(sentence);
  });

  it('is refused in place of a source, too', () => {
    const job = defineJob('wrong', (env) => env.fromSource({} as never).sinkTo(printSink()));
    expect(() => job.buildGraph()).toThrow('fromSource takes a source, such as kafkaSource({ … })');
  });

  it('is refused where a codec is missing', () => {
    expect(() => kafkaSource({ topics: 't' } as never)).toThrow("A source's option value takes a codec");
    expect(() => kafkaSink({ topic: 't' } as never)).toThrow("A sink's option value takes a codec");
  });
});
