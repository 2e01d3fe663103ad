/**
 * A map that every subtask has whole: what the broadcast side puts in, the elements of the other side find. Each
 * subtask gets the same broadcast elements, but beside other ones; so what is put must follow from the
 * broadcast elements alone, and in no way from their order between several senders, or the copies would differ.
 */
export interface BroadcastState<K extends string | number, V> extends ReadOnlyBroadcastState<K, V> {
  put(key: K, value: V): void;
  remove(key: K): void;
  clear(): void;
}

/** As the side that is not broadcast sees it. */
export interface ReadOnlyBroadcastState<K extends string | number, V> {
  get(key: K): V | undefined;
  has(key: K): boolean;
  /** In the order in which the keys were put. A snapshot: later changes don't show in it. */
  entries(): readonly (readonly [K, V])[];
}
