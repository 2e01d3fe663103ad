import type { ListState } from './state-descriptors.js';

/** A list of one subtask, in memory. What was packed for one checkpoint is not packed again for the next. */
export class HeapListState<T> implements ListState<T> {
  private values: T[];
  /** Of the first so many values. */
  private encoded: string[];
  private readonly encode: (value: T) => string;

  constructor(
    restored: readonly { readonly value: T; readonly item: string }[],
    encode: (value: T) => string,
  ) {
    this.values = restored.map(({ value }) => value);
    this.encoded = restored.map(({ item }) => item);
    this.encode = encode;
  }

  get(): readonly T[] {
    return [...this.values];
  }

  add(element: T): void {
    this.values.push(element);
  }

  update(elements: readonly T[]): void {
    this.values = [...elements];
    this.encoded = [];
  }

  clear(): void {
    this.update([]);
  }

  encodedItems(): readonly string[] {
    for (let index = this.encoded.length; index < this.values.length; index += 1) {
      this.encoded.push(this.encode(this.values[index] as T));
    }
    return [...this.encoded];
  }
}
