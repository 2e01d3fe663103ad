import { AbstractStreamOperator } from './abstract-stream-operator.js';
import type { OperatorContext, StreamOperator } from './stream-operator.js';

/**
 * Two operators without state, one for the elements of each input, that emit into the same output: the map or
 * flatMap of connected streams. Invariant: nothing reaches either while the other is suspended, since both are
 * one link of the chain; so the results of an element stay together.
 */
export class TwoInputOperator<A, B, Out> extends AbstractStreamOperator<A | B, Out> {
  private readonly first: StreamOperator<A>;
  private readonly second: StreamOperator<B>;

  constructor(first: StreamOperator<A>, second: StreamOperator<B>, context: OperatorContext<Out>) {
    super(context);
    this.first = first;
    this.second = second;
  }

  processElement(value: A | B, timestamp: number, input: number): void {
    if (input === 0) this.first.processElement(value as A, timestamp, 0);
    else this.second.processElement(value as B, timestamp, 0);
  }

  override resume(): boolean {
    return this.first.resume() && this.second.resume();
  }
}
