import type { BroadcastState } from './broadcast-state.js';

/** A broadcast map of one subtask, in memory. What was packed for one checkpoint is not packed again for the next. */
export class HeapBroadcastState<K extends string | number, V> implements BroadcastState<K, V> {
  private readonly cells: Map<K, BroadcastCell<V>>;
  private readonly encode: (entry: readonly [K, V]) => string;

  constructor(
    restored: Iterable<readonly [K, BroadcastCell<V>]>,
    encode: (entry: readonly [K, V]) => string,
  ) {
    this.cells = new Map(restored);
    this.encode = encode;
  }

  get(key: K): V | undefined {
    return this.cells.get(key)?.value;
  }

  has(key: K): boolean {
    return this.cells.has(key);
  }

  entries(): readonly (readonly [K, V])[] {
    return Array.from(this.cells, ([key, { value }]) => [key, value] as const);
  }

  put(key: K, value: V): void {
    this.cells.set(key, { value, item: undefined });
  }

  remove(key: K): void {
    this.cells.delete(key);
  }

  clear(): void {
    this.cells.clear();
  }

  encodedItems(): readonly string[] {
    return Array.from(this.cells, ([key, cell]) => {
      cell.item ??= this.encode([key, cell.value]);
      return cell.item;
    });
  }
}

interface BroadcastCell<V> {
  readonly value: V;
  /** As it is in a checkpoint, once it has been in one. */
  item: string | undefined;
}
