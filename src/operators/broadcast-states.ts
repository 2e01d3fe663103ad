import { MillraceError } from '../protocol/failures.js';
import type { BroadcastState, ReadOnlyBroadcastState } from '../state/broadcast-state.js';
import type { HeapBroadcastState } from '../state/heap-broadcast-state.js';
import type { MapStateDescriptor } from '../state/state-descriptors.js';
import type { CallGuard } from './guarded-collector.js';
import type { OperatorContext } from './stream-operator.js';

/** The broadcast states of one operator, as each of its sides may use them. */
export class BroadcastStates {
  private readonly writable = new Map<string, GuardedBroadcastState>();
  private readonly readOnly = new Map<string, GuardedReadOnlyBroadcastState>();
  private readonly operatorName: string;

  /** `guard` is active within every call of the function, of either side. */
  constructor(
    descriptors: readonly { readonly name: string }[],
    context: OperatorContext<never>,
    guard: CallGuard,
  ) {
    this.operatorName = context.name;
    for (const { name } of descriptors) {
      const state = context.operatorState.broadcastState<string | number, unknown>(name);
      this.writable.set(name, new GuardedBroadcastState(state, guard));
      this.readOnly.set(name, new GuardedReadOnlyBroadcastState(state, guard));
    }
  }

  /** One that may not be written has no methods to do so, whatever its type says. */
  stateOf<K extends string | number, V>(
    { name }: MapStateDescriptor<K, V>,
    mayWrite: boolean,
  ): BroadcastState<K, V> {
    const state = (mayWrite ? this.writable : this.readOnly).get(name);
    if (state === undefined) throw this.unknown(name);
    return state as unknown as BroadcastState<K, V>;
  }

  private unknown(name: string): MillraceError {
    return new MillraceError(
      `The function of operator "${this.operatorName}" asks for the broadcast state "${name}", with which its stream was not broadcast. Give the descriptor to broadcast(…); there ${this.writable.size === 1 ? 'is' : 'are'} ${[...this.writable.keys()].join(', ')}.`,
      { domain: 'user-code', action: 'fail-job' },
    );
  }
}

class GuardedReadOnlyBroadcastState implements ReadOnlyBroadcastState<string | number, unknown> {
  protected readonly inner: HeapBroadcastState<string | number, unknown>;
  private readonly guard: CallGuard;

  constructor(inner: HeapBroadcastState<string | number, unknown>, guard: CallGuard) {
    this.inner = inner;
    this.guard = guard;
  }

  get(key: string | number): unknown {
    this.check();
    return this.inner.get(key);
  }

  has(key: string | number): boolean {
    this.check();
    return this.inner.has(key);
  }

  entries(): readonly (readonly [string | number, unknown])[] {
    this.check();
    return this.inner.entries();
  }

  protected check(): void {
    if (!this.guard.active) this.guard.assertActive('A broadcast state');
  }
}

class GuardedBroadcastState
  extends GuardedReadOnlyBroadcastState
  implements BroadcastState<string | number, unknown>
{
  put(key: string | number, value: unknown): void {
    this.check();
    this.inner.put(key, value);
  }

  remove(key: string | number): void {
    this.check();
    this.inner.remove(key);
  }

  clear(): void {
    this.check();
    this.inner.clear();
  }
}
