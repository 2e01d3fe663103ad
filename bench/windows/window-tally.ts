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
  readonly windows: number;
  readonly events: number;
  readonly cents: number;
  /** Sum modulo 2^32 of a hash of each result, so that results can't be swapped between users or windows. */
  readonly hash: number;
}

export const emptyTally: WindowTally = { windows: 0, events: 0, cents: 0, hash: 0 };

export function addTallies(a: WindowTally, b: WindowTally): WindowTally {
  return {
    windows: a.windows + b.windows,
    events: a.events + b.events,
    cents: a.cents + b.cents,
    hash: (a.hash + b.hash) >>> 0,
  };
}

export function tallyOf({ user, start, count, sum }: WindowTotals): WindowTally {
  const cents = Math.round(sum * 100);
  let hash = 0x811c9dc5;
  for (let i = 0; i < user.length; i++) hash = Math.imul(hash ^ user.charCodeAt(i), 0x0100_0193);
  for (const part of [start / 1_000, count, cents]) hash = Math.imul(hash ^ part, 0x2c1b_3c6d);
  return { windows: 1, events: count, cents, hash: hash >>> 0 };
}
