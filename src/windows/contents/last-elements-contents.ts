import type { ListState } from '../../state/state-descriptors.js';
import { type CreateWindowContents, elementsStateName, type WindowContents } from './window-contents.js';

/** The newest elements of a key's only window, the global one: what a sliding count window shows. */
class LastElementsContents<T, Result> implements WindowContents<T, Result> {
  private readonly elements: ListState<T>;
  private readonly fold: (elements: readonly T[]) => Result;

  constructor(elements: ListState<T>, fold: (elements: readonly T[]) => Result) {
    this.elements = elements;
    this.fold = fold;
  }

  add(_id: string, value: T): boolean {
    this.elements.add(value);
    // Only timers for a window's end are spared by knowing it, and this one has no end.
    return true;
  }

  result(): Result | undefined {
    const elements = this.elements.get();
    return elements.length === 0 ? undefined : this.fold(elements);
  }

  clear(): void {
    this.elements.clear();
  }

  merge(): void {
    throw new Error('The global window can be merged with no other.');
  }
}

/** Elements leave the window one by one, which no accumulator can follow: so they are folded when it fires. */
export function lastElementsContents<T, Result>(
  maxLength: number,
  fold: (elements: readonly T[]) => Result,
): CreateWindowContents<T, Result> {
  return (backend) =>
    new LastElementsContents(backend.listState<T>({ name: elementsStateName, maxLength }), fold);
}
