import type { OperatorRuntimeContext, OperatorStateDescriptor } from '../api/functions.js';
import type { OperatorStateStore } from '../state/operator-state-store.js';
import type { ListState } from '../state/state-descriptors.js';
import type { CallGuard } from './guarded-collector.js';
import { GuardedListState } from './guarded-state.js';
import type { OperatorContext } from './stream-operator.js';

/** What `open` of any function is given. States are handed out guarded, see CallGuard. */
export class FunctionRuntimeContext implements OperatorRuntimeContext {
  readonly operatorName: string;
  readonly subtaskIndex: number;
  readonly parallelism: number;
  readonly maxParallelism: number;
  readonly attemptNumber: number;
  protected readonly guard: CallGuard;
  private readonly operatorState: OperatorStateStore;

  constructor(context: OperatorContext<never>, guard: CallGuard) {
    this.operatorName = context.name;
    this.subtaskIndex = context.subtaskIndex;
    this.parallelism = context.parallelism;
    this.maxParallelism = context.maxParallelism;
    this.attemptNumber = context.attempt;
    this.guard = guard;
    this.operatorState = context.operatorState;
  }

  getOperatorListState<T>({ name }: OperatorStateDescriptor<T>): ListState<T> {
    return new GuardedListState(this.operatorState.listState<T>(name, 'split-distribute'), this.guard);
  }

  getUnionListState<T>({ name }: OperatorStateDescriptor<T>): ListState<T> {
    return new GuardedListState(this.operatorState.listState<T>(name, 'union'), this.guard);
  }
}
