import type { OperatorRuntimeContext, ProcessContext } from '../api/functions.js';
import type { OutputTag } from '../api/output-tag.js';
import type { OperatorSnapshot } from '../checkpoint/checkpoint-metadata.js';
import type { Clock } from '../host/clock.js';
import { NO_TIMESTAMP } from '../protocol/stream-elements.js';
import { AbstractStreamOperator } from './abstract-stream-operator.js';
import { FunctionRuntimeContext } from './function-runtime-context.js';
import { CallGuard, GuardedCollector } from './guarded-collector.js';
import { watermarkOf } from './restored-watermark.js';
import type { OperatorContext } from './stream-operator.js';

/** What operators share whose function, of one input or two, has no keyed state but sees time and side outputs. */
export abstract class AbstractFunctionOperator<In, Out> extends AbstractStreamOperator<In, Out> {
  protected readonly guard: CallGuard;
  protected readonly collector: GuardedCollector<Out>;
  protected readonly functionContext: ElementContext;
  private readonly openedFunction: OpenedFunction;

  constructor(fn: OpenedFunction, context: OperatorContext<Out>) {
    super(context);
    this.openedFunction = fn;
    this.guard = new CallGuard(context.name);
    this.collector = new GuardedCollector(context.output, this.guard, context.failure);
    this.functionContext = new ElementContext(this.collector, context.clock, watermarkOf(context.restored));
  }

  override open(): void {
    this.guard.active = true;
    try {
      this.afterUserCall(this.openedFunction.open(new FunctionRuntimeContext(this.context, this.guard)));
    } catch (error) {
      throw this.failed(error, 'open()');
    } finally {
      this.guard.active = false;
    }
  }

  override processWatermark(timestamp: number): void {
    const { functionContext } = this;
    // After a restore upstream may begin further back.
    if (timestamp > functionContext.watermark) functionContext.watermark = timestamp;
    super.processWatermark(functionContext.watermark);
  }

  /** The watermark, so that what the function took for late before a failure is late after it. */
  override async snapshot(): Promise<OperatorSnapshot> {
    this.snapshotFunction(this.openedFunction, this.guard);
    return { subtaskState: { watermark: this.functionContext.watermark }, stateBytes: 0 };
  }

  override async close(): Promise<void> {
    try {
      this.openedFunction.close();
    } catch (error) {
      throw this.failed(error, 'close()');
    }
  }

  /** Before the function is called for an element. */
  protected setTimestamp(timestamp: number): void {
    this.collector.timestamp = timestamp;
    this.functionContext.timestamp = timestamp === NO_TIMESTAMP ? undefined : timestamp;
  }
}

interface OpenedFunction {
  open(context: OperatorRuntimeContext): void;
  close(): void;
}

/** One object for all calls, so that no record costs one. */
class ElementContext implements ProcessContext {
  timestamp: number | undefined = undefined;
  watermark: number;
  private readonly collector: GuardedCollector<never>;
  private readonly clock: Clock;

  constructor(collector: GuardedCollector<never>, clock: Clock, watermark: number) {
    this.collector = collector;
    this.clock = clock;
    this.watermark = watermark;
  }

  currentProcessingTime(): number {
    return this.clock.epochMs();
  }

  currentWatermark(): number {
    return this.watermark;
  }

  output<T>(tag: OutputTag<T>, value: T): void {
    this.collector.collectSide(tag.name, value);
  }
}
