/**
 * What may be a key. Anything else is an error at keyBy: objects have no identity across threads, and
 * an encoding of them would not be stable.
 */
export type Key = PrimitiveKey | readonly PrimitiveKey[];
export type PrimitiveKey = string | number | bigint | boolean | Uint8Array;
