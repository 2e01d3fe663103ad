/** One window's result, as the job emits it. */
export interface WindowTotals {
  readonly user: string;
  /** Of the window, epoch ms. */
  readonly start: number;
  readonly count: number;
  readonly sum: number;
}

/** Many results in four numbers that do not depend on their order: what two computations are compared by. */
export interface WindowTally {
  windows: number;
  events: number;
  cents: number;
  /** Sum modulo 2^32 of a hash of each result, so that results can't be swapped between users or windows. */
  hash: number;
}

export const emptyTally = (): WindowTally => ({ windows: 0, events: 0, cents: 0, hash: 0 });

/** In place: objects that are made for each result would be a part of what is measured. */
export function addTo(tally: WindowTally, { user, start, count, sum }: WindowTotals): void {
  const cents = Math.round(sum * 100);
  let hash = 0x811c9dc5;
  for (let i = 0; i < user.length; i++) hash = Math.imul(hash ^ user.charCodeAt(i), 0x0100_0193);
  hash = Math.imul(hash ^ (start / 1_000), 0x2c1b_3c6d);
  hash = Math.imul(hash ^ count, 0x2c1b_3c6d);
  hash = Math.imul(hash ^ cents, 0x2c1b_3c6d);
  tally.windows += 1;
  tally.events += count;
  tally.cents += cents;
  tally.hash = (tally.hash + hash) | 0;
}

export function sumOf(tallies: readonly WindowTally[]): WindowTally {
  const sum = emptyTally();
  for (const { windows, events, cents, hash } of tallies) {
    sum.windows += windows;
    sum.events += events;
    sum.cents += cents;
    sum.hash = (sum.hash + hash) | 0;
  }
  return sum;
}
