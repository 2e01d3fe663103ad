import type { Key } from '../key-groups/key.js';
import { type IntervalJoinDefinition, IntervalJoinOperator } from '../operators/interval-join-operator.js';
import { MillraceError } from '../protocol/failures.js';
import { addTwoInputOperator, type ConnectedInput } from './connected-streams.js';
import type { DataStream } from './data-stream.js';
import { type Duration, signedDurationMs } from './duration.js';
import type { KeySelector } from './functions.js';
import type { OperatorOptions } from './operator-options.js';
import type { OutputTag } from './output-tag.js';
import type { ProcessJoinFunction } from './process-join-function.js';

/** Two keyed streams to be joined, before it is said within which interval. */
export class IntervalJoin<A, B, K extends Key> {
  private readonly input: IntervalJoinInput<A, B, K>;

  constructor(input: IntervalJoinInput<A, B, K>) {
    this.input = input;
  }

  /**
   * Joins elements of a key where left + lower <= right <= left + upper, by their event times. Both bounds are
   * inclusive, and may be negative: `between('-5s', '5s')`.
   */
  between(lowerBound: Duration, upperBound: Duration): IntervalJoined<A, B, K> {
    return new IntervalJoined<A, B, K>(this.input, {
      lowerBound,
      upperBound,
      isLowerExclusive: false,
      isUpperExclusive: false,
      leftLateDataTag: undefined,
      rightLateDataTag: undefined,
    });
  }
}

/** Two keyed streams, joined within an interval (Flink's IntervalJoined). What is done with the pairs makes a stream of it. */
export class IntervalJoined<A, B, K extends Key> {
  private readonly input: IntervalJoinInput<A, B, K>;
  private readonly settings: IntervalJoinSettings;

  constructor(input: IntervalJoinInput<A, B, K>, settings: IntervalJoinSettings) {
    this.input = input;
    this.settings = settings;
  }

  lowerBoundExclusive(): IntervalJoined<A, B, K> {
    return this.with({ isLowerExclusive: true });
  }

  upperBoundExclusive(): IntervalJoined<A, B, K> {
    return this.with({ isUpperExclusive: true });
  }

  /** Left elements behind the watermark go to this side output, instead of being dropped and counted. */
  sideOutputLeftLateData(tag: OutputTag<A>): IntervalJoined<A, B, K> {
    return this.with({ leftLateDataTag: tag.name });
  }

  sideOutputRightLateData(tag: OutputTag<B>): IntervalJoined<A, B, K> {
    return this.with({ rightLateDataTag: tag.name });
  }

  /** Calls the function for each pair; its results have the later of the two times. */
  process<Out>(fn: ProcessJoinFunction<A, B, Out>, options: OperatorOptions = {}): DataStream<Out> {
    const { leftKey, rightKey, ...input } = this.input;
    const name = fn.constructor.name;
    const { leftLateDataTag, rightLateDataTag } = this.settings;
    const what = `the interval join "${options.name ?? options.uid ?? name}"`;
    const bounds = this.boundsOf(what);
    input.builder.requireWatermarks([...input.first, ...input.second], what);
    const definition: IntervalJoinDefinition<A, B, Out> = {
      ...bounds,
      leftLateDataTag,
      rightLateDataTag,
      fn,
    };
    return addTwoInputOperator<Out>(
      input,
      { kind: 'interval-join', name, isKeyed: true },
      options,
      (context) => new IntervalJoinOperator<K, A, B, Out>(definition, leftKey, rightKey, context),
    );
  }

  /** The inclusive bounds; mistakes in them are told with the job's others. */
  private boundsOf(what: string): { readonly lowerMs: number; readonly upperMs: number } {
    const { lowerBound, upperBound, isLowerExclusive, isUpperExclusive } = this.settings;
    const lowerMs = this.boundMs(lowerBound, `the lower bound of ${what}`) + (isLowerExclusive ? 1 : 0);
    const upperMs = this.boundMs(upperBound, `the upper bound of ${what}`) - (isUpperExclusive ? 1 : 0);
    if (lowerMs > upperMs) {
      const exclusive = isLowerExclusive || isUpperExclusive ? ', with the exclusive ones moved by 1 ms' : '';
      this.input.builder.addMistake(
        `${what} would join nothing: its lower bound (${lowerMs} ms) lies above its upper bound (${upperMs} ms)${exclusive}`,
      );
    }
    return { lowerMs, upperMs };
  }

  private boundMs(bound: Duration, what: string): number {
    try {
      return signedDurationMs(bound, what);
    } catch (error) {
      if (!(error instanceof MillraceError)) throw error;
      this.input.builder.addMistake(error.message.replace(/\.$/, ''));
      return 0;
    }
  }

  private with(changed: Partial<IntervalJoinSettings>): IntervalJoined<A, B, K> {
    return new IntervalJoined<A, B, K>(this.input, { ...this.settings, ...changed });
  }
}

export interface IntervalJoinInput<A, B, K extends Key> extends ConnectedInput {
  readonly leftKey: KeySelector<A, K>;
  readonly rightKey: KeySelector<B, K>;
}

interface IntervalJoinSettings {
  readonly lowerBound: Duration;
  readonly upperBound: Duration;
  readonly isLowerExclusive: boolean;
  readonly isUpperExclusive: boolean;
  readonly leftLateDataTag: string | undefined;
  readonly rightLateDataTag: string | undefined;
}
