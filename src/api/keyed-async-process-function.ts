import type { Key } from '../key-groups/key.js';
import type { AsyncContext, AsyncFunctionContext } from './async-function.js';
import type { DeepReadonly } from './deep-readonly.js';
import type { Collector, KeyedContext, OnTimerContext, RuntimeContext } from './functions.js';

/**
 * A KeyedProcessFunction that may ask the outside world about an element before it processes it, such as when
 * its state knows nothing of the key yet. Each key's elements are processed in their order: those behind one
 * that is asked about wait, and `asyncInvoke` sees the state as the element before it has left it. Other keys
 * go on meanwhile.
 */
export abstract class KeyedAsyncProcessFunction<K extends Key, In, Answer, Out> {
  /** Before the first element: register states and caches here. */
  open(_context: KeyedAsyncRuntimeContext): void {}

  /**
   * Begins one attempt to find what `processElement` needs, or returns undefined where the state has it. State
   * may be read before the first `await`, and not after it: by then another key is the current one.
   */
  abstract asyncInvoke(value: DeepReadonly<In>, context: KeyedAsyncContext<K>): Promise<Answer> | undefined;

  /** `answer` is what `asyncInvoke` found; undefined when it did not ask. Synchronous, with state and timers. */
  abstract processElement(
    value: DeepReadonly<In>,
    answer: DeepReadonly<Answer> | undefined,
    context: KeyedContext<K>,
    out: Collector<Out>,
  ): void;

  /** The answer for an element whose time-out has passed, retries included. Without this method the attempt of the job fails. */
  timeout?(value: DeepReadonly<In>, context: KeyedAsyncContext<K>): Answer;

  /** A timer of the context's current key is due. It may come between an element's `asyncInvoke` and its `processElement`. */
  onTimer(_timestamp: number, _context: OnTimerContext<K>, _out: Collector<Out>): void {}

  close(): void {}
}

/** Of one element's request. */
export interface KeyedAsyncContext<K extends Key> extends AsyncContext {
  readonly currentKey: K;
}

/** Where such a function runs, where it gets its state, and caches in front of its look-ups. */
export interface KeyedAsyncRuntimeContext extends RuntimeContext, AsyncFunctionContext {}
