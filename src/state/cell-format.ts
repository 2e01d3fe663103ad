import type { ByteWriter } from './byte-writer.js';
import { damagedState } from './damaged-state.js';
import { appendTimestamp, readTimestamp } from './key-layout.js';
import { decodePlainValue } from './plain-value-decoding.js';
import { encodePlainValue } from './plain-value-encoding.js';
import type { TtlValue } from './ttl/ttl-value.js';

/**
 * What a state's cells hold. Invariant: a state keeps its format for as long as its store lives (see
 * StateNames); bytes read by the other format would be another value.
 *
 *   plain   value
 *   timed   value | timestamp u64 (of a state with TTL; at the end, where it is found without decoding)
 */
export interface CellFormat {
  /** Whether cells may leave the base by themselves. */
  readonly cellsExpire: boolean;
  append(writer: ByteWriter, stored: unknown, what: string): void;
  /** What a cell holds from `at` on; `what` names the state. */
  read(bytes: Buffer, at: number, what: string): unknown;
  /** The user's part of what is stored. */
  payloadOf(stored: unknown): unknown;
  /** `payload` as it is stored, with the time of another stored value. */
  withTimeOf(stored: unknown, payload: unknown): unknown;
}

export const plainCells: CellFormat = {
  cellsExpire: false,
  append: encodePlainValue,
  read: (bytes, at, what) => decode(bytes, at, bytes.length, what),
  payloadOf: (stored) => stored,
  withTimeOf: (_stored, payload) => payload,
};

export const timedCells: CellFormat = {
  cellsExpire: true,
  append(writer, stored, what) {
    const { value, timestamp } = stored as TtlValue<unknown>;
    encodePlainValue(writer, value, what);
    appendTimestamp(writer, timestamp);
  },
  read(bytes, at, what): TtlValue<unknown> {
    return { value: decode(bytes, at, bytes.length - timestampBytes, what), timestamp: timestampOf(bytes) };
  },
  payloadOf: (stored) => (stored as TtlValue<unknown>).value,
  withTimeOf: (stored, value) => ({ value, timestamp: (stored as TtlValue<unknown>).timestamp }),
};

/** When a timed cell was last updated, in epoch ms. */
export function timestampOf(timedCell: Buffer): number {
  return readTimestamp(timedCell, timedCell.length - timestampBytes);
}

const timestampBytes = 8;

function decode(bytes: Buffer, at: number, end: number, what: string): unknown {
  try {
    return decodePlainValue(bytes, at, end);
  } catch (cause) {
    throw damagedState(what, cause);
  }
}
