import type { OutputTag } from '../api/output-tag.js';
import type { ProcessWindowContext, WindowStateStore } from '../api/process-window-function.js';
import { MillraceError } from '../protocol/failures.js';
import type { ReducingState, ReducingStateDescriptor } from '../state/reducing-state.js';
import type { ValueState, ValueStateDescriptor } from '../state/state-descriptors.js';
import type { OnMergeContext } from '../windows/trigger.js';
import type { Window } from '../windows/window.js';
import type { WindowStates } from '../windows/window-states.js';
import type { GuardedCollector } from './guarded-collector.js';
import type { KeyedTimerService } from './keyed-timer-service.js';

/** What triggers are given: timers and state of one window, which the operator sets before each call. */
export class WindowTriggerContext implements OnMergeContext {
  hadElements = false;
  /** The windows that have just become the current one. */
  mergedIds: readonly string[] = [];
  /** The event time of the current window's timer that is firing: it is not in the queue any more. */
  firingEventTime = Number.NaN;
  /** That of the timer which the current window got last: it need not get it again. */
  registeredEventTime = Number.NaN;
  private readonly timers: KeyedTimerService;
  private readonly states: WindowStates;

  constructor(timers: KeyedTimerService, states: WindowStates) {
    this.timers = timers;
    this.states = states;
  }

  enter(window: Window): void {
    this.timers.namespace = window.id;
    this.states.windowId = window.id;
    this.registeredEventTime = Number.NaN;
  }

  currentProcessingTime(): number {
    return this.timers.currentProcessingTime();
  }

  currentWatermark(): number {
    return this.timers.watermark;
  }

  registerEventTimeTimer(timestamp: number): void {
    this.timers.registerEventTimeTimer(timestamp);
    this.registeredEventTime = timestamp;
    this.firingEventTime = Number.NaN;
  }

  registerProcessingTimeTimer(timestamp: number): void {
    this.timers.registerProcessingTimeTimer(timestamp);
  }

  deleteEventTimeTimer(timestamp: number): void {
    // As most triggers do when a window goes whose last timer is just firing.
    if (timestamp === this.firingEventTime) return;
    this.timers.deleteEventTimeTimer(timestamp);
    this.registeredEventTime = Number.NaN;
  }

  deleteProcessingTimeTimer(timestamp: number): void {
    this.timers.deleteProcessingTimeTimer(timestamp);
  }

  getState<T>(descriptor: ValueStateDescriptor<T>): ValueState<T> {
    return this.states.value(descriptor);
  }

  getReducingState<T>(descriptor: ReducingStateDescriptor<T>): ReducingState<T> {
    return this.states.reduced(descriptor);
  }

  mergePartitionedState<T>(descriptor: ReducingStateDescriptor<T>): void {
    this.states.merge(descriptor, this.mergedIds);
  }
}

/** What a ProcessWindowFunction is given. */
export class WindowFunctionContext<W extends Window> implements ProcessWindowContext<W>, WindowStateStore {
  private current: W | undefined;
  private readonly timers: KeyedTimerService;
  private readonly states: WindowStates;
  private readonly collector: GuardedCollector<never>;
  private readonly isMerging: boolean;

  constructor(
    timers: KeyedTimerService,
    states: WindowStates,
    collector: GuardedCollector<never>,
    isMerging: boolean,
  ) {
    this.timers = timers;
    this.states = states;
    this.collector = collector;
    this.isMerging = isMerging;
  }

  get window(): W {
    if (this.current === undefined) throw new Error('The context of a window function has no window yet.');
    return this.current;
  }

  get windowState(): WindowStateStore {
    return this;
  }

  enter(window: W): void {
    this.current = window;
    this.states.windowId = window.id;
  }

  getState<T>(descriptor: ValueStateDescriptor<T>): ValueState<T> {
    if (!this.isMerging) return this.states.value(descriptor);
    throw new MillraceError(
      `The state "${descriptor.name}" was asked of a session window: such windows merge, and nothing says how their state would. Register it in open() instead, where it belongs to the key.`,
      { domain: 'user-code', action: 'fail-job' },
    );
  }

  currentProcessingTime(): number {
    return this.timers.currentProcessingTime();
  }

  currentWatermark(): number {
    return this.timers.watermark;
  }

  output<T>(tag: OutputTag<T>, value: T): void {
    this.collector.collectSide(tag.name, value);
  }
}
