import type { AsyncCallSettings } from '../async-io/async-caller.js';
import type { StreamGraphBuilder } from '../graph/stream-graph-builder.js';
import { type AsyncContext, AsyncFunction, type AsyncInvoke, type AsyncOptions } from './async-function.js';
import type { DeepReadonly } from './deep-readonly.js';
import { durationMs } from './duration.js';
import { operatorOptionNames } from './operator-options.js';
import type { OptionNames } from './option-names.js';

/** Flink's default. */
const capacityDefault = 100;

/** Elements in flight are held in memory and written into each checkpoint: more than this is a mistake in the unit. */
const capacityMax = 1_000_000;

export const asyncOptionNames: OptionNames<AsyncOptions<unknown>> = {
  ...operatorOptionNames,
  timeout: true,
  attemptTimeout: true,
  capacity: true,
  retry: true,
};

/** The options of an asynchronous operator in numbers; what is wrong with them is added to the job's mistakes. */
export function asyncCallSettings<Result>(
  options: AsyncOptions<Result>,
  name: string,
  builder: StreamGraphBuilder,
): AsyncCallSettings<Result> {
  const { capacity = capacityDefault, retry } = options;
  const timeoutMs = durationMs(options.timeout, `The timeout of "${name}"`);
  const addMistake = (mistake: string): void => builder.addMistake(`${mistake} (operator "${name}")`);
  const attemptTimeoutMs =
    options.attemptTimeout === undefined
      ? undefined
      : durationMs(options.attemptTimeout, `The attemptTimeout of "${name}"`);
  if (timeoutMs === 0 || attemptTimeoutMs === 0)
    addMistake("a timeout of 0 ms leaves no time for a request: give it one such as '10s'");
  if (!Number.isSafeInteger(capacity) || capacity < 1 || capacity > capacityMax) {
    addMistake(`a capacity of ${capacity} elements: give it a whole number from 1 to ${capacityMax}`);
  }
  for (const mistake of retry?.mistakes ?? []) addMistake(`a retry strategy that makes no sense: ${mistake}`);
  return { capacity, timeoutMs, attemptTimeoutMs, retry };
}

/** By its shape, since a user's class may extend another copy's. */
export function asyncFunctionOf<In, Out>(
  fn: AsyncFunction<In, Out> | AsyncInvoke<In, Out>,
): AsyncFunction<In, Out> {
  return 'asyncInvoke' in fn ? fn : new InvokeOnly(fn);
}

class InvokeOnly<In, Out> extends AsyncFunction<In, Out> {
  private readonly invoke: AsyncInvoke<In, Out>;

  constructor(invoke: AsyncInvoke<In, Out>) {
    super();
    this.invoke = invoke;
  }

  asyncInvoke(value: DeepReadonly<In>, context: AsyncContext): Promise<Out> {
    return this.invoke(value, context);
  }
}
