import type { DeepReadonly } from '../api/deep-readonly.js';
import type { KeySelector } from '../api/functions.js';
import type { KeyedAsyncProcessFunction } from '../api/keyed-async-process-function.js';
import { AsyncCaller, type AsyncCallSettings } from '../async-io/async-caller.js';
import { CapacityHold } from '../async-io/capacity-hold.js';
import { ElementsInFlight } from '../async-io/elements-in-flight.js';
import { KeyedAsyncRequest } from '../async-io/keyed-async-request.js';
import { KeyedLanes } from '../async-io/keyed-lanes.js';
import type { OperatorSnapshot } from '../checkpoint/checkpoint-metadata.js';
import { noOrigin } from '../exchange/record-origin.js';
import type { Key } from '../key-groups/key.js';
import type { CheckpointId } from '../protocol/ids.js';
import { AbstractKeyedFunctionOperator } from './abstract-keyed-function-operator.js';
import { assertPromise } from './chain-failure.js';
import { failureAtRecord } from './failure-at-record.js';
import { KeyedAsyncFunctionRuntimeContext } from './keyed-async-function-runtime-context.js';
import type { OperatorContext } from './stream-operator.js';

/**
 * Runs a KeyedAsyncProcessFunction. Invariants: the elements of a key are asked about and processed one after
 * the other; an element is in every snapshot until it has been processed; no more than `capacity` elements
 * wait; a watermark takes effect when every element that came before it is processed, and no sooner.
 */
export class KeyedAsyncProcessOperator<K extends Key, In, Answer, Out> extends AbstractKeyedFunctionOperator<
  K,
  In,
  Out
> {
  private readonly fn: KeyedAsyncProcessFunction<K, In, Answer, Out>;
  private readonly keySelector: KeySelector<In, K>;
  private readonly capacity: number;
  private readonly caller: AsyncCaller<In, Answer, KeyedAsyncRequest<K, In, Answer>>;
  private readonly hold: CapacityHold;
  private readonly lanes = new KeyedLanes<K, In, Answer>();
  /** Not asked about yet: more were restored than the capacity, since fewer subtasks may now have them. */
  private readonly restored: KeyedAsyncRequest<K, In, Answer>[] = [];
  private elementsInFlight!: ElementsInFlight;
  private isInputOver = false;

  constructor(
    fn: KeyedAsyncProcessFunction<K, In, Answer, Out>,
    keySelector: KeySelector<In, K>,
    settings: AsyncCallSettings<Answer>,
    context: OperatorContext<Out>,
  ) {
    super(fn, context);
    this.fn = fn;
    this.keySelector = keySelector;
    this.capacity = settings.capacity;
    this.hold = new CapacityHold(context.availability);
    const { timeout } = fn;
    this.caller = new AsyncCaller({
      operatorName: context.name,
      subtaskIndex: context.subtaskIndex,
      clock: context.clock,
      settings,
      invoke: (request) => this.invoke(request),
      onTimeout:
        timeout === undefined
          ? undefined
          : (request) => timeout.call(fn, request.value as DeepReadonly<In>, request),
      onDone: (request) => {
        this.lanes.markReady(request);
        context.requestResume();
      },
      onRetryDue: () => context.requestResume(),
      onFailure: (request, error) =>
        context.fail(failureAtRecord(this.failed(error, request.invocation), request.origin)),
    });
  }

  override open(): void {
    super.open();
    for (const { value, timestamp, origin } of this.elementsInFlight.read()) {
      const element = value as In;
      const request = new KeyedAsyncRequest<K, In, Answer>(
        this.keyOf(element),
        element,
        timestamp,
        origin ?? noOrigin,
      );
      const isFirst = !this.lanes.has(request.currentKey);
      this.lanes.add(request);
      if (isFirst) this.restored.push(request);
    }
    this.startRestored();
    if (this.isFull) this.hold.tryHold();
  }

  processElement(value: In, timestamp: number): void {
    // One object an element: what asyncInvoke is given may be kept for as long as the request lasts.
    const { origin } = this.context;
    const request = new KeyedAsyncRequest<K, In, Answer>(this.keyOf(value), value, timestamp, origin);
    if (this.lanes.has(request.currentKey)) {
      this.lanes.add(request);
    } else {
      const promise = this.caller.attempt(request);
      if (promise === undefined) {
        this.process(request);
        return;
      }
      this.lanes.add(request);
      this.caller.follow(request, promise);
    }
    if (this.isFull) this.hold.tryHold();
  }

  override processWatermark(timestamp: number): void {
    if (this.lanes.events.isEmpty) super.processWatermark(timestamp);
    else this.lanes.events.add({ kind: 'watermark', timestamp });
  }

  override processWatermarkStatus(idle: boolean): void {
    if (this.lanes.events.isEmpty) super.processWatermarkStatus(idle);
    else this.lanes.events.add({ kind: 'watermark-status', idle });
  }

  /** Processes what can be. After the end of the input, true only once nothing is left. */
  override resume(): boolean {
    this.caller.retryDue();
    // Its own hold would keep back the timers and results that are to end it.
    if (this.hasTimersToFire || this.lanes.hasReady) this.hold.release();
    if (this.hold.isHeld) return !this.isInputOver;
    do {
      if (!super.resume() || !this.processReady()) return false;
    } while (this.tellNextEvent());
    // What was emitted may have suspended an operator behind, which must go on before this one is asked again.
    if (!this.context.availability.isAvailable) return false;
    if (this.isFull) this.hold.tryHold();
    return !(this.isInputOver && this.lanes.size > 0);
  }

  override endInput(): void {
    this.isInputOver = true;
    super.endInput();
  }

  override snapshot(checkpointId: CheckpointId): Promise<OperatorSnapshot> {
    this.elementsInFlight.write(this.lanes.lanes);
    return super.snapshot(checkpointId);
  }

  override close(): Promise<void> {
    this.caller.close();
    return super.close();
  }

  protected override openFunction(): unknown {
    const opened = this.fn.open(new KeyedAsyncFunctionRuntimeContext(this.context, this.backend, this.guard));
    // After the function's own states: the first of them cost the least to reach.
    this.elementsInFlight = new ElementsInFlight(this.backend);
    return opened;
  }

  private keyOf(value: In): K {
    try {
      return this.keySelector(value as DeepReadonly<In>);
    } catch (error) {
      throw this.failed(error, 'The key selector');
    }
  }

  /** One attempt, with the state of the element's key at hand while it is begun. */
  private invoke(request: KeyedAsyncRequest<K, In, Answer>): Promise<Answer> | undefined {
    this.backend.setCurrentKey(request.currentKey);
    this.guard.active = true;
    try {
      const promise = this.fn.asyncInvoke(request.value as DeepReadonly<In>, request);
      if (promise !== undefined) assertPromise(promise, this.context.name);
      return promise;
    } finally {
      this.guard.active = false;
    }
  }

  private process(request: KeyedAsyncRequest<K, In, Answer>): void {
    this.collector.timestamp = request.elementTimestamp;
    this.functionContext.timestamp = request.timestamp;
    this.backend.setCurrentKey(request.currentKey);
    const answer = request.result as DeepReadonly<Answer> | undefined;
    this.guard.active = true;
    let result: unknown;
    try {
      const value = request.value as DeepReadonly<In>;
      result = this.fn.processElement(value, answer, this.functionContext, this.collector);
    } catch (error) {
      throw this.failed(error, 'processElement()');
    } finally {
      this.guard.active = false;
    }
    this.afterUserCall(result);
  }

  /** False when the output is full. */
  private processReady(): boolean {
    const { availability, origin } = this.context;
    while (this.lanes.hasReady) {
      if (!availability.isAvailable) return false;
      const request = this.lanes.takeReady();
      if (request === undefined) continue;
      origin.copy(request.origin);
      this.process(request);
      origin.clear();
      const next = this.lanes.nextAfter(request);
      if (next !== undefined) this.caller.start(next);
      this.startRestored();
    }
    return true;
  }

  private startRestored(): void {
    while (this.restored.length > 0 && this.caller.size < this.capacity) {
      this.caller.start(this.restored.shift()!);
    }
  }

  private tellNextEvent(): boolean {
    const event = this.lanes.events.poll();
    if (event === undefined) return false;
    if (event.kind === 'watermark') this.advanceWatermark(event.timestamp);
    else this.output.emitWatermarkStatus(event.idle);
    return true;
  }

  private get isFull(): boolean {
    return this.lanes.size >= this.capacity;
  }
}
