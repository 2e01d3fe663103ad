/**
 * A value that nobody changes. Elements and state are shared: between operators of a chain, between the
 * cache and the next snapshot. A function that changed one would change it for a key on its own thread and
 * not for a key on another.
 */
export type DeepReadonly<T> = T extends Primitive
  ? T
  : T extends ReadonlyMap<infer K, infer V>
    ? ReadonlyMap<DeepReadonly<K>, DeepReadonly<V>>
    : T extends ReadonlySet<infer E>
      ? ReadonlySet<DeepReadonly<E>>
      : T extends Date | Uint8Array
        ? T
        : T extends object
          ? { readonly [P in keyof T]: DeepReadonly<T[P]> }
          : T;

type Primitive =
  | string
  | number
  | bigint
  | boolean
  | symbol
  | null
  | undefined
  | ((...args: never[]) => unknown);
