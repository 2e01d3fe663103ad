import type { DeepReadonly } from '../api/deep-readonly.js';
import type { KeySelector, TimeDomain } from '../api/functions.js';
import type { Key } from '../key-groups/key.js';
import { MillraceError } from '../protocol/failures.js';
import { NO_TIMESTAMP } from '../protocol/stream-elements.js';
import type { ValueState } from '../state/state-descriptors.js';
import type { WindowContents } from '../windows/contents/window-contents.js';
import {
  addMergingWindow,
  findMergingWindow,
  type MergingWindows,
  type WindowMerge,
  withoutWindow,
} from '../windows/merging-windows.js';
import type { Trigger, TriggerResult } from '../windows/trigger.js';
import { TimeWindow, type Window, windowOfId } from '../windows/window.js';
import type { WindowAssigner } from '../windows/window-assigner.js';
import type { WindowDefinition } from '../windows/window-definition.js';
import { WindowLifetime } from '../windows/window-lifetime.js';
import { WindowStates } from '../windows/window-states.js';
import { AbstractKeyedOperator } from './abstract-keyed-operator.js';
import { KeyedRuntimeContext } from './keyed-runtime-context.js';
import type { OperatorContext } from './stream-operator.js';
import { WindowFunctionContext, WindowTriggerContext } from './window-contexts.js';

/**
 * Keeps windows per key and emits their results when their trigger says so (Flink's WindowOperator).
 * Invariant: when the timer for a window's end of life fires (WindowLifetime), everything of the window goes,
 * or state would grow without end.
 */
export class WindowOperator<K extends Key, In, Result, Out, W extends Window> extends AbstractKeyedOperator<
  In,
  Out
> {
  private readonly definition: WindowDefinition<K, In, Result, Out, W>;
  private readonly keySelector: KeySelector<In, K>;
  private readonly assigner: WindowAssigner<W>;
  private readonly trigger: Trigger<In, W>;
  private readonly isEventTime: boolean;
  private readonly lifetime: WindowLifetime;
  private readonly contents: WindowContents<In, Result>;
  /** Only of windows that merge. */
  private readonly sessions: ValueState<MergingWindows> | undefined;
  private readonly triggerContext: WindowTriggerContext;
  private readonly functionContext: WindowFunctionContext<W>;
  /** The window of the timer that fired last, and its name. */
  private lastFired: W | undefined = undefined;
  private lastFiredId = '';

  constructor(
    definition: WindowDefinition<K, In, Result, Out, W>,
    keySelector: KeySelector<In, K>,
    context: OperatorContext<Out>,
  ) {
    super(context, 'windows');
    this.keySelector = keySelector;
    const { assigner, trigger, createContents } = definition;
    this.definition = definition;
    this.assigner = assigner;
    this.trigger = trigger;
    this.isEventTime = assigner.timeDomain === 'event-time';
    this.lifetime = new WindowLifetime(this.timers, assigner.timeDomain, definition.allowedLatenessMs);
    this.contents = createContents(this.backend, context.name);
    this.sessions = assigner.isMerging
      ? this.backend.valueState<MergingWindows>({ name: 'window:sessions' })
      : undefined;
    const statesNamed = (name: string): WindowStates =>
      new WindowStates(this.backend.mapState<string, unknown>({ name }), this.guard);
    this.triggerContext = new WindowTriggerContext(this.timers, statesNamed('window:trigger'));
    this.functionContext = new WindowFunctionContext<W>(
      this.timers,
      statesNamed('window:function'),
      this.collector,
      assigner.isMerging,
    );
  }

  processElement(value: In, timestamp: number): void {
    this.guard.active = true;
    let isSkipped: boolean;
    try {
      this.backend.setCurrentKey(this.keySelector(value as DeepReadonly<In>));
      isSkipped =
        this.sessions === undefined
          ? this.addToWindows(value, timestamp)
          : this.addToSession(value, timestamp, this.sessions);
    } catch (error) {
      throw this.failed(error, 'A function of the window');
    } finally {
      this.guard.active = false;
    }
    // An irregular window may have no place for an element that is not late at all.
    if (isSkipped && this.lifetime.isLate(timestamp)) this.dropLate(value, timestamp);
  }

  protected override openFunction(): unknown {
    return this.definition.windowFunction?.open(
      new KeyedRuntimeContext(this.context, this.backend, this.guard),
    );
  }

  protected override get userFunction(): object | undefined {
    return this.definition.windowFunction;
  }

  protected override closeFunction(): void {
    this.definition.windowFunction?.close();
  }

  protected override fire(timestamp: number, timeDomain: TimeDomain): void {
    const queue = timeDomain === 'event-time' ? this.timers.eventTime : this.timers.processingTime;
    const window = this.windowNamed(queue.polledNamespace!);
    this.guard.active = true;
    try {
      this.onTimer(timestamp, timeDomain, window);
    } catch (error) {
      throw this.failed(error, 'A function of the window');
    } finally {
      this.guard.active = false;
    }
    if (this.context.failure.error !== undefined) throw this.context.failure.error;
  }

  /** True when the element is too late for all of its windows. */
  private addToWindows(value: In, timestamp: number): boolean {
    let isSkipped = true;
    for (const window of this.assigner.assignWindows(this.timeOf(timestamp))) {
      if (this.lifetime.isOver(window)) continue;
      isSkipped = false;
      this.addTo(window, window.id, value, timestamp, false);
    }
    return isSkipped;
  }

  private addToSession(value: In, timestamp: number, sessions: ValueState<MergingWindows>): boolean {
    const [added] = this.assigner.assignWindows(this.timeOf(timestamp)) as readonly TimeWindow[];
    const merge = addMergingWindow(sessions.value() ?? [], added!);
    const window = new TimeWindow(merge.result.start, merge.result.end) as Window as W;
    // What it joins is alive, so only an element that is a session by itself can be late.
    if (this.lifetime.isOver(window)) return true;
    sessions.update(merge.windows);
    if (merge.merged.length > 0) this.merge(window, merge);
    this.addTo(window, merge.result.stateId, value, timestamp, merge.merged.length > 0);
    return false;
  }

  private addTo(window: W, stateId: string, value: In, timestamp: number, isMerged: boolean): void {
    const { triggerContext } = this;
    const hadElements = this.contents.add(stateId, value);
    triggerContext.enter(window);
    triggerContext.hadElements = hadElements;
    const result = this.trigger.onElement(value as DeepReadonly<In>, timestamp, window, triggerContext);
    this.act(result, window, stateId);
    // With its first element a window got its timer, and keeps it until it goes.
    if (!hadElements || isMerged) this.lifetime.registerEnd(window, this.triggerContext.registeredEventTime);
  }

  private merge(window: W, { result, merged }: WindowMerge): void {
    const { triggerContext } = this;
    const earlier = merged.map(({ start, end }) => new TimeWindow(start, end) as Window as W);
    triggerContext.enter(window);
    triggerContext.mergedIds = earlier.map(({ id }) => id);
    this.trigger.onMerge(window, triggerContext);
    for (const each of earlier) {
      triggerContext.enter(each);
      this.trigger.clear(each, triggerContext);
      this.lifetime.deleteEnd(each);
    }
    const moved = merged.map(({ stateId }) => stateId).filter((id) => id !== result.stateId);
    if (moved.length > 0) this.contents.merge(result.stateId, moved);
  }

  private onTimer(timestamp: number, timeDomain: TimeDomain, window: W): void {
    const stateId = this.stateIdOf(window);
    // A trigger has left a timer of a session that is merged or gone: nothing belongs to it any more.
    if (stateId === undefined) return;
    const { trigger, triggerContext } = this;
    triggerContext.enter(window);
    triggerContext.firingEventTime = timeDomain === 'event-time' ? timestamp : Number.NaN;
    const result =
      timeDomain === 'event-time'
        ? trigger.onEventTime(timestamp, window, triggerContext)
        : trigger.onProcessingTime(timestamp, window, triggerContext);
    this.act(result, window, stateId);
    const isOfWindowsDomain = timeDomain === this.assigner.timeDomain;
    if (isOfWindowsDomain && timestamp === this.lifetime.endOf(window)) this.clearAll(window, stateId);
    triggerContext.firingEventTime = Number.NaN;
  }

  /** Most timers that fire one after the other are of one window, for many keys. */
  private windowNamed(id: string): W {
    if (this.lastFiredId !== id) {
      this.lastFired = windowOfId(id) as W;
      this.lastFiredId = id;
    }
    return this.lastFired as W;
  }

  private stateIdOf(window: W): string | undefined {
    if (this.sessions === undefined) return window.id;
    return findMergingWindow(this.sessions.value() ?? [], window as TimeWindow)?.stateId;
  }

  private act(result: TriggerResult, window: W, stateId: string): void {
    switch (result) {
      case 'CONTINUE':
        return;
      case 'FIRE':
        this.emit(window, stateId);
        return;
      case 'PURGE':
        this.contents.clear(stateId);
        return;
      case 'FIRE_AND_PURGE':
        this.emit(window, stateId);
        this.contents.clear(stateId);
        return;
      default:
        throw unknownResult(result);
    }
  }

  /** A window's result comes from all of its elements, and not from the one that may have made it fire. */
  private emit(window: W, stateId: string): void {
    const { origin, failure } = this.context;
    const { split, position } = origin;
    origin.clear();
    const result = this.contents.result(stateId);
    if (result !== undefined) {
      this.collector.timestamp = window.maxTimestamp;
      this.functionContext.enter(window);
      this.definition.emit(this.backend.currentKey as K, this.functionContext, result, this.collector);
      // Also where the function has caught it, and still without an origin.
      if (failure.error !== undefined) throw failure.error;
    }
    origin.set(split, position);
  }

  private clearAll(window: W, stateId: string): void {
    this.contents.clear(stateId);
    this.triggerContext.enter(window);
    this.trigger.clear(window, this.triggerContext);
    this.functionContext.enter(window);
    this.definition.windowFunction?.clear(this.functionContext);
    if (this.sessions === undefined) return;
    const rest = withoutWindow(this.sessions.value() ?? [], window as TimeWindow);
    if (rest.length === 0) this.sessions.clear();
    else this.sessions.update(rest);
  }

  private timeOf(timestamp: number): number {
    if (!this.isEventTime) return this.timers.currentProcessingTime();
    if (timestamp !== NO_TIMESTAMP) return timestamp;
    throw new MillraceError(
      `An element without an event time reached the event-time window of operator "${this.context.name}" (subtask ${this.context.subtaskIndex}). Give its source a watermark strategy whose function reads the time from the element.`,
      { domain: 'user-code', action: 'fail-job' },
    );
  }

  private dropLate(value: In, timestamp: number): void {
    const { lateDataTag } = this.definition;
    if (lateDataTag === undefined) this.numLateRecordsDropped += 1;
    else this.output.collectSide(lateDataTag, value, timestamp);
  }
}

function unknownResult(result: never): MillraceError {
  return new MillraceError(
    `A trigger answered ${JSON.stringify(result)}; it must answer 'CONTINUE', 'FIRE', 'PURGE' or 'FIRE_AND_PURGE'.`,
    { domain: 'user-code', action: 'fail-job' },
  );
}
