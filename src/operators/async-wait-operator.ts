import type { AsyncFunction } from '../api/async-function.js';
import type { DeepReadonly } from '../api/deep-readonly.js';
import { AsyncCaller, type AsyncCallSettings } from '../async-io/async-caller.js';
import { AsyncRequest } from '../async-io/async-request.js';
import { CapacityHold } from '../async-io/capacity-hold.js';
import { OrderedStreamElementQueue } from '../async-io/ordered-stream-element-queue.js';
import { isEvent, type QueuedEvent, type StreamElementQueue } from '../async-io/stream-element-queue.js';
import { StreamElementsInState } from '../async-io/stream-elements-in-state.js';
import { UnorderedStreamElementQueue } from '../async-io/unordered-stream-element-queue.js';
import type { OperatorSnapshot } from '../checkpoint/checkpoint-metadata.js';
import { AbstractStreamOperator } from './abstract-stream-operator.js';
import { AsyncRuntimeContext } from './async-runtime-context.js';
import { assertPromise } from './chain-failure.js';
import { failureAtRecord } from './failure-at-record.js';
import type { OperatorContext } from './stream-operator.js';

/**
 * Asks about many elements at a time and emits their results in order, or as they come (Flink's
 * AsyncWaitOperator). Invariants: an element is in every snapshot until its result has been emitted, so that
 * after a failure it is asked about again, and nothing is lost or doubled; no more than `capacity` elements
 * are under way; a watermark never overtakes the result of an element that came before it.
 */
export class AsyncWaitOperator<In, Out> extends AbstractStreamOperator<In, Out> {
  private readonly fn: AsyncFunction<In, Out>;
  private readonly capacity: number;
  private readonly queue: StreamElementQueue<AsyncRequest<In, Out>>;
  private readonly caller: AsyncCaller<In, Out, AsyncRequest<In, Out>>;
  private readonly hold: CapacityHold;
  private readonly inState: StreamElementsInState;
  /** In the queue, but not begun: what was restored beyond the capacity, since fewer subtasks may now have it. */
  private readonly waiting: AsyncRequest<In, Out>[] = [];
  private hasInputEnded = false;

  constructor(fn: AsyncFunction<In, Out>, settings: AsyncWaitSettings<Out>, context: OperatorContext<Out>) {
    super(context);
    this.fn = fn;
    this.capacity = settings.capacity;
    this.queue = createQueue(settings.outputMode);
    this.hold = new CapacityHold(context.availability);
    this.inState = new StreamElementsInState(context);
    const { timeout } = fn;
    this.caller = new AsyncCaller({
      operatorName: context.name,
      subtaskIndex: context.subtaskIndex,
      clock: context.clock,
      settings,
      invoke: (request) => {
        const promise = fn.asyncInvoke(request.value as DeepReadonly<In>, request);
        assertPromise(promise, context.name);
        return promise;
      },
      onTimeout:
        timeout === undefined
          ? undefined
          : (request) => timeout.call(fn, request.value as DeepReadonly<In>, request),
      onDone: (request) => {
        this.queue.complete(request);
        if (this.queue.hasReady) context.requestResume();
      },
      onRetryDue: () => context.requestResume(),
      onFailure: (request, error) =>
        context.fail(failureAtRecord(this.failed(error, request.invocation), request.origin)),
    });
  }

  override open(): void {
    try {
      this.afterUserCall(this.fn.open(new AsyncRuntimeContext(this.context)));
    } catch (error) {
      throw this.failed(error, 'open()');
    }
    for (const element of this.inState.read<In, Out>(this.context.restored)) {
      if (isEvent(element)) this.forward(element);
      else this.take(element);
    }
  }

  processElement(value: In, timestamp: number): void {
    this.take(new AsyncRequest(value, timestamp, this.context.origin));
  }

  override processWatermark(timestamp: number): void {
    this.forward({ kind: 'watermark', timestamp });
  }

  override processWatermarkStatus(idle: boolean): void {
    this.forward({ kind: 'watermark-status', idle });
  }

  /** Emits what is ready. After the end of the input, true only once everything has left. */
  override resume(): boolean {
    this.caller.retryDue();
    if (this.queue.hasReady) this.hold.release();
    this.emitReady();
    this.startWaiting();
    // What was emitted may have suspended an operator behind, which must go on before this one is asked again.
    if (!this.hold.isHeld && !this.context.availability.isAvailable) return false;
    if (this.isFull) this.hold.tryHold();
    return !(this.hasInputEnded && this.queue.size > 0);
  }

  override endInput(): void {
    this.hasInputEnded = true;
  }

  override async snapshot(): Promise<OperatorSnapshot> {
    return this.inState.write(this.queue.contents());
  }

  override async close(): Promise<void> {
    this.caller.close();
    try {
      this.fn.close();
    } catch (error) {
      throw this.failed(error, 'close()');
    }
  }

  private take(request: AsyncRequest<In, Out>): void {
    const hasRoom = this.queue.size < this.capacity;
    this.queue.add(request);
    if (hasRoom) this.caller.start(request);
    else this.waiting.push(request);
    if (this.isFull) this.hold.tryHold();
  }

  private forward(event: QueuedEvent): void {
    this.queue.addEvent(event);
    this.emitReady();
  }

  private emitReady(): void {
    const { availability, origin } = this.context;
    while (availability.isAvailable) {
      const element = this.queue.poll();
      if (element === undefined) return;
      if (!isEvent(element)) {
        origin.copy(element.origin);
        this.output.collect(element.result as Out, element.elementTimestamp);
        origin.clear();
      } else if (element.kind === 'watermark') this.output.emitWatermark(element.timestamp);
      else this.output.emitWatermarkStatus(element.idle);
    }
  }

  private startWaiting(): void {
    while (this.waiting.length > 0 && this.queue.size - this.waiting.length < this.capacity) {
      this.caller.start(this.waiting.shift()!);
    }
  }

  private get isFull(): boolean {
    return this.queue.size >= this.capacity;
  }
}

/** Flink's AsyncDataStream.OutputMode. */
export type OutputMode = 'ordered' | 'unordered';

export interface AsyncWaitSettings<Out> extends AsyncCallSettings<Out> {
  readonly outputMode: OutputMode;
}

function createQueue<In, Out>(outputMode: OutputMode): StreamElementQueue<AsyncRequest<In, Out>> {
  switch (outputMode) {
    case 'ordered':
      return new OrderedStreamElementQueue();
    case 'unordered':
      return new UnorderedStreamElementQueue();
  }
}
