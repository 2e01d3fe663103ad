import type { ProcessWindowFunction } from '../api/process-window-function.js';
import type { Key } from '../key-groups/key.js';
import type { WindowFunctionContext } from '../operators/window-contexts.js';
import type { CreateWindowContents } from './contents/window-contents.js';
import type { Trigger } from './trigger.js';
import type { Window } from './window.js';
import type { WindowAssigner } from './window-assigner.js';

/** What a window operator does, as the API's calls have described it. */
export interface WindowDefinition<K extends Key, In, Result, Out, W extends Window> {
  readonly assigner: WindowAssigner<W>;
  readonly trigger: Trigger<In, W>;
  readonly allowedLatenessMs: number;
  /** The side output for late elements; without one they are counted. */
  readonly lateDataTag: string | undefined;
  readonly createContents: CreateWindowContents<In, Result>;
  readonly windowFunction:
    | Pick<ProcessWindowFunction<K, never, Out, W>, 'open' | 'close' | 'clear'>
    | undefined;
  emit(key: K, context: WindowFunctionContext<W>, result: Result, out: { collect(value: Out): void }): void;
}
