import type { Key } from '../key-groups/key.js';
import type { Trigger } from '../windows/trigger.js';
import type { Window } from '../windows/window.js';
import type { WindowAssigner } from '../windows/window-assigner.js';
import type { DataStream } from './data-stream.js';
import type { DeepReadonly } from './deep-readonly.js';
import type { Duration } from './duration.js';
import type { Collector, KeySelector } from './functions.js';
import type { OperatorOptions } from './operator-options.js';
import { type ProcessWindowContext, ProcessWindowFunction } from './process-window-function.js';
import type { WindowedStream } from './windowed-stream.js';

/**
 * Joins of two streams by key and window, on the window operator (as Flink's CoGroupedStreams and JoinedStreams
 * are): each element is tagged with its side, one window holds those of both, and its results are made of the
 * two sides apart, by a chained operator that can be suspended in the midst of them.
 */

/** A result for each pair of a first and a second element of the same key and window. */
export type JoinFunction<A, B, Out> = (first: DeepReadonly<A>, second: DeepReadonly<B>) => Out;

/** Any number of results for the elements of both sides of a window; either side may be empty. As a FlatMapFunction, it collects them or returns an iterable. */
export type CoGroupFunction<A, B, Out> = (
  first: readonly DeepReadonly<A>[],
  second: readonly DeepReadonly<B>[],
  out: Collector<Out>,
) => Iterable<Out> | void;

/** An element and its side, 1 or 2: what a trigger of joined windows is given. */
export type TaggedUnion<A, B> = readonly [1, A] | readonly [2, B];

/** Two streams of which the pairs are wanted: `a.join(b).where(…).equalTo(…).window(…).apply(…)`. */
export class JoinedStreams<A, B> {
  private readonly first: DataStream<A>;
  private readonly second: DataStream<B>;

  constructor(first: DataStream<A>, second: DataStream<B>) {
    this.first = first;
    this.second = second;
  }

  /** The key of the first stream's elements. */
  where<K extends Key>(firstKey: KeySelector<A, K>): JoinWhere<A, B, K> {
    return {
      equalTo: (secondKey) => ({
        window: (assigner) =>
          new JoinedWindows(windowsOfBoth(this.first, this.second, firstKey, secondKey, assigner)),
      }),
    };
  }
}

export interface JoinWhere<A, B, K extends Key> {
  /** The key of the second stream's elements, of the same type. */
  equalTo(secondKey: KeySelector<B, K>): JoinEqualTo<A, B, K>;
}

export interface JoinEqualTo<A, B, K extends Key> {
  window<W extends Window>(assigner: WindowAssigner<W>): JoinedWindows<A, B, K, W>;
}

/** Windows with the elements of two streams. Late elements are counted; as in Flink, no side output takes them. */
export class JoinedWindows<A, B, K extends Key, W extends Window> {
  private readonly windows: WindowedStream<TaggedUnion<A, B>, K, W>;

  constructor(windows: WindowedStream<TaggedUnion<A, B>, K, W>) {
    this.windows = windows;
  }

  trigger(trigger: Trigger<TaggedUnion<A, B>, W>): JoinedWindows<A, B, K, W> {
    return new JoinedWindows(this.windows.trigger(trigger));
  }

  /** As of any windowed stream: each late element fires its window again, with all pairs. */
  allowedLateness(lateness: Duration): JoinedWindows<A, B, K, W> {
    return new JoinedWindows(this.windows.allowedLateness(lateness));
  }

  /** Results have the last millisecond of their window as their time. */
  apply<Out>(fn: JoinFunction<A, B, Out>, options: OperatorOptions = {}): DataStream<Out> {
    return sidesOf(this.windows, 'join', options).flatMap(
      function* ([first, second]) {
        for (const one of first) for (const other of second) yield fn(one, other);
      },
      behind(options, 'join'),
    );
  }
}

/** Two streams whose elements are wanted by key and window, side by side, also where one side has none. */
export class CoGroupedStreams<A, B> {
  private readonly first: DataStream<A>;
  private readonly second: DataStream<B>;

  constructor(first: DataStream<A>, second: DataStream<B>) {
    this.first = first;
    this.second = second;
  }

  /** The key of the first stream's elements. */
  where<K extends Key>(firstKey: KeySelector<A, K>): CoGroupWhere<A, B, K> {
    return {
      equalTo: (secondKey) => ({
        window: (assigner) =>
          new CoGroupedWindows(windowsOfBoth(this.first, this.second, firstKey, secondKey, assigner)),
      }),
    };
  }
}

export interface CoGroupWhere<A, B, K extends Key> {
  /** The key of the second stream's elements, of the same type. */
  equalTo(secondKey: KeySelector<B, K>): CoGroupEqualTo<A, B, K>;
}

export interface CoGroupEqualTo<A, B, K extends Key> {
  window<W extends Window>(assigner: WindowAssigner<W>): CoGroupedWindows<A, B, K, W>;
}

/** Windows with the elements of two streams. Late elements are counted; as in Flink, no side output takes them. */
export class CoGroupedWindows<A, B, K extends Key, W extends Window> {
  private readonly windows: WindowedStream<TaggedUnion<A, B>, K, W>;

  constructor(windows: WindowedStream<TaggedUnion<A, B>, K, W>) {
    this.windows = windows;
  }

  trigger(trigger: Trigger<TaggedUnion<A, B>, W>): CoGroupedWindows<A, B, K, W> {
    return new CoGroupedWindows(this.windows.trigger(trigger));
  }

  /** As of any windowed stream: each late element fires its window again, with all elements. */
  allowedLateness(lateness: Duration): CoGroupedWindows<A, B, K, W> {
    return new CoGroupedWindows(this.windows.allowedLateness(lateness));
  }

  /** Results have the last millisecond of their window as their time. */
  apply<Out>(fn: CoGroupFunction<A, B, Out>, options: OperatorOptions = {}): DataStream<Out> {
    return sidesOf(this.windows, 'co-group', options).flatMap<Out>(
      ([first, second], out) => fn(first, second, out),
      behind(options, 'co-group'),
    );
  }
}

type Sides<A, B> = readonly [first: readonly A[], second: readonly B[]];

function windowsOfBoth<A, B, K extends Key, W extends Window>(
  first: DataStream<A>,
  second: DataStream<B>,
  firstKey: KeySelector<A, K>,
  secondKey: KeySelector<B, K>,
  assigner: WindowAssigner<W>,
): WindowedStream<TaggedUnion<A, B>, K, W> {
  const firstTagged = first.map<TaggedUnion<A, B>>((value) => [1, value as A], { name: 'tag-first' });
  const secondTagged = second.map<TaggedUnion<A, B>>((value) => [2, value as B], { name: 'tag-second' });
  const keyOf = (tagged: TaggedUnion<A, B>): K =>
    tagged[0] === 1 ? firstKey(tagged[1] as DeepReadonly<A>) : secondKey(tagged[1] as DeepReadonly<B>);
  return firstTagged
    .union(secondTagged)
    .keyBy((tagged) => keyOf(tagged as TaggedUnion<A, B>))
    .window(assigner);
}

function sidesOf<A, B, K extends Key, W extends Window>(
  windows: WindowedStream<TaggedUnion<A, B>, K, W>,
  kind: 'join' | 'co-group',
  options: OperatorOptions,
): DataStream<Sides<A, B>> {
  const name = options.name ?? options.uid ?? `window-${kind}`;
  return windows.process(new TakeSidesApart<A, B, K, W>(kind === 'join'), { ...options, name });
}

/** The chained operator that makes the results: it has no state, and its uid only has to be nobody else's. */
function behind({ uid, name }: OperatorOptions, kind: string): OperatorOptions {
  return {
    ...(uid === undefined ? {} : { uid: `${uid}:${kind}` }),
    name: `${name ?? uid ?? 'window'}-${kind}`,
  };
}

class TakeSidesApart<A, B, K extends Key, W extends Window> extends ProcessWindowFunction<
  K,
  TaggedUnion<A, B>,
  Sides<A, B>,
  W
> {
  private readonly needsBoth: boolean;

  constructor(needsBoth: boolean) {
    super();
    this.needsBoth = needsBoth;
  }

  process(
    _key: K,
    _context: ProcessWindowContext<W>,
    elements: readonly DeepReadonly<TaggedUnion<A, B>>[],
    out: Collector<Sides<A, B>>,
  ): void {
    const first: A[] = [];
    const second: B[] = [];
    for (const tagged of elements as readonly TaggedUnion<A, B>[]) {
      if (tagged[0] === 1) first.push(tagged[1]);
      else second.push(tagged[1]);
    }
    if (this.needsBoth && (first.length === 0 || second.length === 0)) return;
    out.collect([first, second]);
  }
}
