import type { StreamGraphBuilder } from '../graph/stream-graph-builder.js';
import type { Sink } from '../sinks/sink.js';
import { collectionSource } from '../sources/collection-source.js';
import { type DeadLetterOptions, deadLetterOutput } from '../sources/dead-letter.js';
import { sequenceSource } from '../sources/sequence-source.js';
import type { Source } from '../sources/source.js';
import { DataStream } from './data-stream.js';
import { asTheJobDelivers, deadLetterSink } from './dead-letter-sink.js';
import { type OperatorOptions, operatorOptionNames, readOperatorOptions } from './operator-options.js';
import type { OptionNames } from './option-names.js';
import { requireMethod } from './require-method.js';
import type { WatermarkStrategy } from './watermarks.js';

/** Where every stream of a job begins. */
export class StreamExecutionEnvironment {
  private readonly builder: StreamGraphBuilder;

  constructor(builder: StreamGraphBuilder) {
    this.builder = builder;
  }

  fromSource<T>(source: Source<T>, options: SourceOptions<T> = {}): DataStream<T> {
    requireMethod(source, 'discoverSplits', 'fromSource takes a source, such as kafkaSource({ … })');
    const id = this.builder.add({
      kind: 'source',
      ...readOperatorOptions(this.builder, options, source.kind, sourceOptionNames),
      inputs: [],
      source: source as Source<unknown>,
      watermarks: options.watermarks as WatermarkStrategy<unknown> | undefined,
    });
    if (source.deadLetters !== undefined) this.addDeadLetters(id, source.deadLetters, options);
    return DataStream.from<T>(this.builder, id);
  }

  private addDeadLetters(
    sourceId: number,
    options: DeadLetterOptions,
    { uid: sourceUid, parallelism }: OperatorOptions,
  ): void {
    const uid = `${sourceUid ?? `source-${sourceId}`}-${deadLetterOutput}`;
    this.builder.addLast((nodes) => ({
      kind: 'sink',
      uid,
      parallelism,
      name: uid,
      inputs: [
        { from: sourceId, sideOutput: deadLetterOutput, inputIndex: 0, partitioning: { kind: 'forward' } },
      ],
      sink: deadLetterSink(asTheJobDelivers(options, nodes, uid)) as Sink<unknown>,
    }));
  }

  /** The whole numbers from `start` to `end`, both included. */
  fromSequence(start: number, end: number, options: SourceOptions<number> = {}): DataStream<number> {
    return this.fromSource(sequenceSource(start, end), options);
  }

  /** The elements of an array, in order, from one subtask. */
  fromCollection<T>(elements: readonly T[], options: SourceOptions<T> = {}): DataStream<T> {
    return this.fromSource(collectionSource(elements), options);
  }
}

export interface SourceOptions<T> extends OperatorOptions {
  /** How event time is read from the elements; without it there is none. */
  readonly watermarks?: WatermarkStrategy<T>;
}

const sourceOptionNames: OptionNames<SourceOptions<unknown>> = { ...operatorOptionNames, watermarks: true };
