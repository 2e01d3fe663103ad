import type { DeepReadonly } from '../api/deep-readonly.js';
import type { KeySelector } from '../api/functions.js';
import type { OutputTag } from '../api/output-tag.js';
import type { JoinContext, ProcessJoinFunction } from '../api/process-join-function.js';
import { CurrentOrigin } from '../exchange/record-origin.js';
import type { Key } from '../key-groups/key.js';
import { MillraceError } from '../protocol/failures.js';
import { NO_TIMESTAMP } from '../protocol/stream-elements.js';
import type { MapState } from '../state/state-descriptors.js';
import { AbstractKeyedOperator } from './abstract-keyed-operator.js';
import type { GuardedCollector } from './guarded-collector.js';
import { KeyedRuntimeContext } from './keyed-runtime-context.js';
import type { OperatorContext } from './stream-operator.js';

/**
 * Joins each element with those of the other side whose time lies in an interval around its own (Flink's
 * IntervalJoinOperator): left + lower <= right <= left + upper. Invariants: an element is kept exactly until
 * the watermark says that nothing can come any more that would join it, and then removed by a timer, or state
 * would grow without end; and one behind the watermark joins nothing, since what it belongs to may be gone.
 */
export class IntervalJoinOperator<K extends Key, A, B, Out> extends AbstractKeyedOperator<A | B, Out> {
  private readonly definition: IntervalJoinDefinition<A, B, Out>;
  private readonly leftKey: KeySelector<A, K>;
  private readonly rightKey: KeySelector<B, K>;
  /** Each side's elements by their time, so that an element costs the write of those of its own millisecond. */
  private readonly left: MapState<number, readonly A[]>;
  private readonly right: MapState<number, readonly B[]>;
  private readonly joinContext: JoinedTimes;
  /** What the newest element has still to be joined with; a long list is suspended while the output is full. */
  private readonly pending: PendingJoins = {
    value: undefined,
    isLeft: true,
    timestamp: 0,
    origin: new CurrentOrigin(),
    times: [],
    time: 0,
    element: 0,
  };

  constructor(
    definition: IntervalJoinDefinition<A, B, Out>,
    leftKey: KeySelector<A, K>,
    rightKey: KeySelector<B, K>,
    context: OperatorContext<Out>,
  ) {
    super(context, 'none');
    this.definition = definition;
    this.leftKey = leftKey;
    this.rightKey = rightKey;
    this.left = this.backend.mapState<number, readonly A[]>({ name: 'interval-join:left' });
    this.right = this.backend.mapState<number, readonly B[]>({ name: 'interval-join:right' });
    this.joinContext = new JoinedTimes(this.collector);
  }

  processElement(value: A | B, timestamp: number, input: number): void {
    if (timestamp === NO_TIMESTAMP) throw this.withoutTime(input);
    if (timestamp < this.timers.watermark) {
      this.dropLate(value, timestamp, input);
      return;
    }
    this.guard.active = true;
    try {
      if (input === 0) this.addLeft(value as A, timestamp);
      else this.addRight(value as B, timestamp);
    } catch (error) {
      throw this.failed(error, 'A key selector or the state of the interval join');
    } finally {
      this.guard.active = false;
    }
    this.joinPending();
  }

  override resume(): boolean {
    return this.resumeJoins() && super.resume();
  }

  protected override openFunction(): unknown {
    return this.definition.fn.open(new KeyedRuntimeContext(this.context, this.backend, this.guard));
  }

  protected override get userFunction(): object {
    return this.definition.fn;
  }

  protected override closeFunction(): void {
    this.definition.fn.close();
  }

  /** What can no longer be joined goes. Two elements' timers of one time are one: each removes what was due then. */
  protected override fire(timestamp: number): void {
    const { lowerMs, upperMs } = this.definition;
    removeBucket(this.left, upperMs > 0 ? timestamp - upperMs : timestamp);
    removeBucket(this.right, lowerMs < 0 ? timestamp + lowerMs : timestamp);
  }

  private addLeft(value: A, timestamp: number): void {
    const { lowerMs, upperMs } = this.definition;
    this.backend.setCurrentKey(this.leftKey(value as DeepReadonly<A>));
    this.addTo(this.left, value, timestamp, upperMs > 0 ? timestamp + upperMs : timestamp);
    this.findJoins(value, true, timestamp, this.right, timestamp + lowerMs, timestamp + upperMs);
  }

  private addRight(value: B, timestamp: number): void {
    const { lowerMs, upperMs } = this.definition;
    this.backend.setCurrentKey(this.rightKey(value as DeepReadonly<B>));
    this.addTo(this.right, value, timestamp, lowerMs < 0 ? timestamp - lowerMs : timestamp);
    this.findJoins(value, false, timestamp, this.left, timestamp - upperMs, timestamp - lowerMs);
  }

  private addTo<T>(
    side: MapState<number, readonly T[]>,
    value: T,
    timestamp: number,
    cleanupTime: number,
  ): void {
    const before = side.get(timestamp);
    side.put(timestamp, before === undefined ? [value] : [...before, value]);
    // The others of this millisecond have set the timer.
    if (before === undefined) this.timers.registerEventTimeTimer(cleanupTime);
  }

  private findJoins(
    value: A | B,
    isLeft: boolean,
    timestamp: number,
    others: MapState<number, unknown>,
    from: number,
    to: number,
  ): void {
    const { pending } = this;
    pending.value = value;
    pending.isLeft = isLeft;
    pending.timestamp = timestamp;
    pending.origin.copy(this.context.origin);
    pending.times.length = 0;
    pending.time = 0;
    pending.element = 0;
    for (const time of others.keys()) {
      if (time > to) break;
      if (time >= from) pending.times.push(time);
    }
  }

  private resumeJoins(): boolean {
    const { origin } = this.context;
    origin.copy(this.pending.origin);
    const isDone = this.joinPending();
    origin.clear();
    return isDone;
  }

  /** False when the output filled up. The current key stays the element's until all is joined: nothing else gets in. */
  private joinPending(): boolean {
    const { pending } = this;
    for (; pending.time < pending.times.length; pending.time += 1, pending.element = 0) {
      const otherTime = pending.times[pending.time]!;
      const others = (pending.isLeft ? this.right : this.left).get(otherTime) ?? [];
      for (; pending.element < others.length; pending.element += 1) {
        if (!this.context.availability.isAvailable) return false;
        this.join(others[pending.element]!, otherTime);
      }
    }
    return true;
  }

  private join(other: A | B, otherTime: number): void {
    const { pending, joinContext } = this;
    const { value, isLeft, timestamp } = pending;
    joinContext.leftTimestamp = isLeft ? timestamp : otherTime;
    joinContext.rightTimestamp = isLeft ? otherTime : timestamp;
    joinContext.timestamp = Math.max(timestamp, otherTime);
    this.collector.timestamp = joinContext.timestamp;
    const left = (isLeft ? value : other) as DeepReadonly<A>;
    const right = (isLeft ? other : value) as DeepReadonly<B>;
    this.guard.active = true;
    let result: unknown;
    try {
      result = this.definition.fn.processElement(left, right, joinContext, this.collector);
    } catch (error) {
      throw this.failed(error, 'processElement()');
    } finally {
      this.guard.active = false;
    }
    this.afterUserCall(result);
  }

  private dropLate(value: A | B, timestamp: number, input: number): void {
    const tag = input === 0 ? this.definition.leftLateDataTag : this.definition.rightLateDataTag;
    if (tag === undefined) this.numLateRecordsDropped += 1;
    else this.output.collectSide(tag, value, timestamp);
  }

  private withoutTime(input: number): MillraceError {
    const side = input === 0 ? 'left' : 'right';
    return new MillraceError(
      `An element without an event time reached the ${side} side of the interval join "${this.context.name}" (subtask ${this.context.subtaskIndex}). Give its source a watermark strategy whose function reads the time from the element.`,
      { domain: 'user-code', action: 'fail-job' },
    );
  }
}

/** What an interval join does, as the API's calls have described it. */
export interface IntervalJoinDefinition<A, B, Out> {
  /** Both inclusive. */
  readonly lowerMs: number;
  readonly upperMs: number;
  /** The side outputs for late elements; without one they are counted. */
  readonly leftLateDataTag: string | undefined;
  readonly rightLateDataTag: string | undefined;
  readonly fn: ProcessJoinFunction<A, B, Out>;
}

/** One object for all calls, so that no join costs one. */
class JoinedTimes implements JoinContext {
  leftTimestamp = 0;
  rightTimestamp = 0;
  timestamp = 0;
  private readonly collector: GuardedCollector<never>;

  constructor(collector: GuardedCollector<never>) {
    this.collector = collector;
  }

  output<T>(tag: OutputTag<T>, value: T): void {
    this.collector.collectSide(tag.name, value);
  }
}

interface PendingJoins {
  value: unknown;
  isLeft: boolean;
  timestamp: number;
  readonly origin: CurrentOrigin;
  /** Of the other side, within the interval, ascending. */
  readonly times: number[];
  /** Which of the times is next, and which of its elements. */
  time: number;
  element: number;
}

/** A removal is a cell to write: none for what is not there. */
function removeBucket(side: MapState<number, unknown>, timestamp: number): void {
  if (side.get(timestamp) !== undefined) side.remove(timestamp);
}
