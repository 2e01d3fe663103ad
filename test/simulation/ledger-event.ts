import type { ValueCodec } from '../../src/codecs/value-codec.js';
import { json } from '../../src/index.js';

/** The input of the job under test. All of a key's events lie in one partition, in order. */
export interface LedgerEvent {
  readonly key: string;
  /** 0, 1, … within the key. */
  readonly number: number;
  /** Event time in epoch ms; never falls within a partition. */
  readonly at: number;
  /** How many entries the flatMap makes of it. */
  readonly pieces: number;
  /** Makes some records large, so that channels run out of credit. */
  readonly padding: string;
}

/** What travels from the flatMap to the ledger. */
export interface LedgerEntry {
  readonly key: string;
  readonly number: number;
  readonly piece: number;
  readonly at: number;
  readonly padding: string;
}

/** What the ledger says of a key. Every line depends on all that came before it, so a loss or a doubling shows. */
export type LedgerLine =
  | {
      readonly kind: 'entry';
      readonly key: string;
      readonly count: number;
      readonly sum: number;
      readonly recent: readonly number[];
      readonly ofCategory: number;
    }
  /** By the timer that each entry moves: of the key's last entry alone. */
  | { readonly kind: 'last'; readonly key: string; readonly number: number }
  /** By a timer at the end of time. */
  | {
      readonly kind: 'final';
      readonly key: string;
      readonly count: number;
      readonly sum: number;
      readonly recent: readonly number[];
      readonly categories: readonly (readonly [number, number])[];
      readonly remindersFired: number;
    };

/** The side output: one for each distinct minute in which a key had entries. */
export interface Reminder {
  readonly key: string;
  readonly at: number;
}

/** What the second stage says of a group of keys. */
export type GroupLine =
  | { readonly kind: 'line'; readonly group: number; readonly count: number }
  | { readonly kind: 'final'; readonly group: number; readonly count: number; readonly sum: number };

export const recentMax = 4;
export const categoryOf = (entry: LedgerEntry): number => (entry.number * 7 + entry.piece) % 3;
export const amountOf = (entry: LedgerEntry): number => entry.number * 31 + entry.piece + 1;
export const reminderAt = (entry: LedgerEntry): number => (Math.floor(entry.at / 60_000) + 1) * 60_000;
export const groupsMax = 3;
export const groupOf = (key: string): number => key.charCodeAt(key.length - 1) % groupsMax;

/** Event times: events first, then the timers that must come after all of them, in this order. */
export const eventTimeStart = 1_000_000_000;
export const lastTimerBase = 2_000_000_000;
export const finalTimerAt = 3_000_000_000;
export const groupFinalTimerAt = 4_000_000_000;
/** Of the events that close a partition that has no end: they bring the watermark past all of the above. */
export const closingTime = 5_000_000_000;
export const closingKeyPrefix = 'closing-';

/** Whatever changes a value that it was given, or has given away, throws. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const field of Object.values(value)) deepFreeze(field);
  return value;
}

/** JSON whose decoded values are frozen. */
export function frozenJson<T>(): ValueCodec<T> {
  const codec = json<T>();
  return {
    decode: (bytes, start, end) => deepFreeze(codec.decode(bytes, start, end)),
    encode: (value) => codec.encode(value),
  };
}
