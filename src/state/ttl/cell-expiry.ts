import type { Clock } from '../../host/clock.js';
import { timestampOf } from '../cell-format.js';
import { isExpired } from './ttl-value.js';

/** Which stored cells are over, told from their bytes alone. */
export class CellExpiry {
  private readonly clock: Clock;
  private readonly ttlMsByState = new Map<number, number>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** The cells of this state are timed. */
  add(stateId: number, ttlMs: number): void {
    this.ttlMsByState.set(stateId, ttlMs);
  }

  /** Of the states whose cells expire. */
  get stateIds(): readonly number[] {
    return [...this.ttlMsByState.keys()];
  }

  isTimed(cellKey: Buffer): boolean {
    return this.ttlMsByState.has(stateIdOf(cellKey));
  }

  isExpired(cellKey: Buffer, value: Buffer): boolean {
    const ttlMs = this.ttlMsByState.get(stateIdOf(cellKey));
    return ttlMs !== undefined && isExpired(timestampOf(value), ttlMs, this.clock.epochMs());
  }
}

/** Behind the key group, see key-layout. */
function stateIdOf(cellKey: Buffer): number {
  return cellKey.readUInt16BE(2);
}
