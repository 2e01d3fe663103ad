import type { StreamEdge } from '../graph/stream-graph.js';
import type { StreamGraphBuilder } from '../graph/stream-graph-builder.js';
import type { Key } from '../key-groups/key.js';
import type { OperatorContext } from '../operators/stream-operator.js';
import { WindowOperator } from '../operators/window-operator.js';
import { elementContents } from '../windows/contents/element-contents.js';
import { aggregatedContents, reducedContents } from '../windows/contents/folded-contents.js';
import { lastElementsContents } from '../windows/contents/last-elements-contents.js';
import type { CreateWindowContents } from '../windows/contents/window-contents.js';
import type { Trigger } from '../windows/trigger.js';
import type { Window } from '../windows/window.js';
import type { WindowAssigner } from '../windows/window-assigner.js';
import type { WindowDefinition } from '../windows/window-definition.js';
import type { AggregateFunction, ReduceFunction } from './aggregate-function.js';
import type { DataStream, StreamOrigin } from './data-stream.js';
import type { DeepReadonly } from './deep-readonly.js';
import { type Duration, durationMs } from './duration.js';
import type { KeySelector } from './functions.js';
import type { StreamFactory } from './keyed-stream.js';
import { type OperatorOptions, readOperatorOptions } from './operator-options.js';
import type { OutputTag } from './output-tag.js';
import type { ProcessWindowFunction } from './process-window-function.js';

/** Elements of one key, put into windows. What is done with a window's elements makes a stream of it again. */
export class WindowedStream<T, K extends Key, W extends Window> {
  private readonly input: WindowedInput<T, K>;
  private readonly settings: WindowSettingsOf<T, W>;

  constructor(input: WindowedInput<T, K>, settings: WindowSettingsOf<T, W>) {
    this.input = input;
    this.settings = settings;
  }

  /** When a window fires, in place of the assigner's own trigger. */
  trigger(trigger: Trigger<T, W>): WindowedStream<T, K, W> {
    return this.with({ trigger });
  }

  /** How long after its end, by the watermark, a window still takes elements; it fires again for each. By default not at all. */
  allowedLateness(lateness: Duration): WindowedStream<T, K, W> {
    return this.with({ allowedLatenessMs: durationMs(lateness, 'The allowedLateness of a window') });
  }

  /** Elements that are too late for all their windows go to this side output of the results' stream, instead of being dropped and counted. */
  sideOutputLateData(tag: OutputTag<T>): WindowedStream<T, K, W> {
    return this.with({ lateDataTag: tag.name });
  }

  /** Takes a window's elements together, two by two, as they come: the window keeps one. */
  reduce(reduce: ReduceFunction<T>, options?: OperatorOptions): DataStream<T>;
  reduce<Out>(
    reduce: ReduceFunction<T>,
    windowFunction: ProcessWindowFunction<K, T, Out, W>,
    options?: OperatorOptions,
  ): DataStream<Out>;
  reduce<Out>(
    reduce: ReduceFunction<T>,
    second: ProcessWindowFunction<K, T, Out, W> | OperatorOptions = {},
    options: OperatorOptions = {},
  ): DataStream<T> | DataStream<Out> {
    const { lastElements } = this.settings;
    const contents =
      lastElements === undefined
        ? reducedContents(reduce)
        : lastElementsContents<T, T>(lastElements, (elements) =>
            elements.reduce((a, b) => reduce(a as DeepReadonly<T>, b as DeepReadonly<T>)),
          );
    return this.afterFold('reduce', contents, second, options);
  }

  /** Aggregates a window's elements as they come: the window keeps one accumulator. */
  aggregate<Acc, Result>(
    aggregate: AggregateFunction<T, Acc, Result>,
    options?: OperatorOptions,
  ): DataStream<Result>;
  aggregate<Acc, Result, Out>(
    aggregate: AggregateFunction<T, Acc, Result>,
    windowFunction: ProcessWindowFunction<K, Result, Out, W>,
    options?: OperatorOptions,
  ): DataStream<Out>;
  aggregate<Acc, Result, Out>(
    aggregate: AggregateFunction<T, Acc, Result>,
    second: ProcessWindowFunction<K, Result, Out, W> | OperatorOptions = {},
    options: OperatorOptions = {},
  ): DataStream<Result> | DataStream<Out> {
    if (this.settings.assigner.isMerging && aggregate.merge === undefined) {
      this.input.builder.addMistake(
        'the aggregate function of a session window has no merge(): sessions that turn out to be one need it',
      );
    }
    const { lastElements } = this.settings;
    const contents =
      lastElements === undefined
        ? aggregatedContents(aggregate)
        : lastElementsContents<T, Result>(lastElements, (elements) => aggregateAll(aggregate, elements));
    return this.afterFold('aggregate', contents, second, options);
  }

  /** Gives all elements of a window to a function. Each is kept until then: prefer `reduce` or `aggregate` where they will do. */
  process<Out>(fn: ProcessWindowFunction<K, T, Out, W>, options: OperatorOptions = {}): DataStream<Out> {
    const { lastElements } = this.settings;
    const createContents =
      lastElements === undefined
        ? elementContents<T>()
        : lastElementsContents<T, readonly T[]>(lastElements, (elements) => elements);
    return this.add<readonly T[], Out>('process', options, fn.constructor.name, {
      createContents,
      windowFunction: fn,
      emit: (key, context, elements, out) =>
        fn.process(key, context, elements as readonly DeepReadonly<T>[], out),
    });
  }

  private afterFold<Result, Out>(
    kind: string,
    createContents: CreateWindowContents<T, Result>,
    second: ProcessWindowFunction<K, Result, Out, W> | OperatorOptions,
    options: OperatorOptions,
  ): DataStream<Result> | DataStream<Out> {
    if (!isWindowFunction(second)) {
      return this.add<Result, Result>(kind, second, `window-${kind}`, {
        createContents,
        windowFunction: undefined,
        emit: (_key, _context, result, out) => out.collect(result),
      });
    }
    return this.add<Result, Out>(kind, options, second.constructor.name, {
      createContents,
      windowFunction: second,
      emit: (key, context, result, out) =>
        second.process(key, context, [result as DeepReadonly<Result>], out),
    });
  }

  private add<Result, Out>(
    kind: string,
    options: OperatorOptions,
    defaultName: string,
    rest: Pick<WindowDefinition<K, T, Result, Out, W>, 'createContents' | 'windowFunction' | 'emit'>,
  ): DataStream<Out> {
    const { builder, keySelector, edges, streamFrom } = this.input;
    const { assigner, trigger, allowedLatenessMs, lateDataTag } = this.settings;
    const name = options.name ?? options.uid ?? defaultName;
    const definition = { assigner, trigger, allowedLatenessMs, lateDataTag, ...rest };
    for (const mistake of assigner.mistakes) builder.addMistake(mistake);
    if (assigner.isMerging && !trigger.canMerge()) {
      builder.addMistake(
        `the trigger ${trigger.constructor.name} of the session window "${name}" can't merge: give it canMerge() and onMerge()`,
      );
    }
    if (assigner.timeDomain === 'event-time')
      builder.requireWatermarks(edges, `the event-time window "${name}"`);
    const id = builder.add({
      kind: 'operator',
      operatorKind: `window-${kind}`,
      ...readOperatorOptions(builder, options, name),
      inputs: edges.map((edge): StreamEdge => ({ ...edge, inputIndex: 0 })),
      isKeyed: true,
      createOperator: (context) =>
        new WindowOperator<K, T, Result, Out, W>(definition, keySelector, context as OperatorContext<Out>),
    });
    return streamFrom<Out>(id);
  }

  private with(changed: Partial<WindowSettingsOf<T, W>>): WindowedStream<T, K, W> {
    return new WindowedStream(this.input, { ...this.settings, ...changed });
  }
}

/** What a windowed stream is made of: a keyed stream's parts. */
export interface WindowedInput<T, K extends Key> {
  readonly builder: StreamGraphBuilder;
  readonly keySelector: KeySelector<T, K>;
  readonly edges: readonly StreamOrigin[];
  readonly streamFrom: StreamFactory;
}

export interface WindowSettingsOf<T, W extends Window> {
  readonly assigner: WindowAssigner<W>;
  readonly trigger: Trigger<T, W>;
  readonly allowedLatenessMs: number;
  readonly lateDataTag: string | undefined;
  /** Set for a sliding count window: it shows its newest so many elements. */
  readonly lastElements: number | undefined;
}

/** By its shape, since a user's class may extend another copy's. */
function isWindowFunction<K extends Key, In, Out, W extends Window>(
  given: ProcessWindowFunction<K, In, Out, W> | OperatorOptions,
): given is ProcessWindowFunction<K, In, Out, W> {
  return 'process' in given;
}

function aggregateAll<T, Acc, Result>(
  aggregate: AggregateFunction<T, Acc, Result>,
  elements: readonly T[],
): Result {
  let accumulator = aggregate.createAccumulator();
  for (const element of elements) {
    accumulator = aggregate.add(element as DeepReadonly<T>, accumulator as DeepReadonly<Acc>);
  }
  return aggregate.getResult(accumulator as DeepReadonly<Acc>);
}
