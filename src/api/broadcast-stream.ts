import type { Key } from '../key-groups/key.js';
import { BroadcastProcessOperator } from '../operators/broadcast-process-operator.js';
import { KeyedBroadcastProcessOperator } from '../operators/keyed-broadcast-process-operator.js';
import type { MapStateDescriptor } from '../state/state-descriptors.js';
import type { BroadcastProcessFunction, KeyedBroadcastProcessFunction } from './broadcast-functions.js';
import { addTwoInputOperator, type ConnectedInput } from './connected-streams.js';
import type { DataStream, StreamOrigin } from './data-stream.js';
import type { KeySelector } from './functions.js';
import type { OperatorOptions } from './operator-options.js';

/** A stream of which every subtask gets every element, and the broadcast states that its elements are put into. */
export class BroadcastStream<T> {
  readonly origins: readonly StreamOrigin[];
  readonly descriptors: readonly BroadcastStateDescriptor[];
  /** Only for the type checker: a stream of one type is not another's. */
  declare protected readonly elementType: (value: T) => T;

  constructor(origins: readonly StreamOrigin[], descriptors: readonly BroadcastStateDescriptor[]) {
    this.origins = origins.map((origin) => ({ ...origin, partitioning: { kind: 'broadcast' } }));
    this.descriptors = descriptors;
  }
}

/** Whatever a state's keys and values are. */
export type BroadcastStateDescriptor = Pick<MapStateDescriptor<string | number, unknown>, 'name'>;

/** A stream and a broadcast one, read by one function. */
export class BroadcastConnectedStream<A, B> {
  private readonly input: ConnectedInput;
  private readonly descriptors: readonly BroadcastStateDescriptor[];

  constructor(input: ConnectedInput, descriptors: readonly BroadcastStateDescriptor[]) {
    this.input = input;
    this.descriptors = descriptors;
  }

  process<Out>(fn: BroadcastProcessFunction<A, B, Out>, options: OperatorOptions = {}): DataStream<Out> {
    const kind = { kind: 'broadcast-process', name: fn.constructor.name, isKeyed: false };
    return addTwoInputOperator<Out>(
      this.input,
      kind,
      options,
      (context) => new BroadcastProcessOperator<A, B, Out>(fn, this.descriptors, context),
    );
  }
}

/** A keyed stream and a broadcast one, read by one function with state and timers per key. */
export class KeyedBroadcastConnectedStream<A, B, K extends Key> {
  private readonly input: ConnectedInput;
  private readonly keySelector: KeySelector<A, K>;
  private readonly descriptors: readonly BroadcastStateDescriptor[];

  constructor(
    input: ConnectedInput,
    keySelector: KeySelector<A, K>,
    descriptors: readonly BroadcastStateDescriptor[],
  ) {
    this.input = input;
    this.keySelector = keySelector;
    this.descriptors = descriptors;
  }

  process<Out>(
    fn: KeyedBroadcastProcessFunction<K, A, B, Out>,
    options: OperatorOptions = {},
  ): DataStream<Out> {
    const { keySelector, descriptors } = this;
    const kind = { kind: 'keyed-broadcast-process', name: fn.constructor.name, isKeyed: true };
    return addTwoInputOperator<Out>(
      this.input,
      kind,
      options,
      (context) => new KeyedBroadcastProcessOperator<K, A, B, Out>(fn, keySelector, descriptors, context),
    );
  }
}
