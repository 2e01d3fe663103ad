/** What the jobs that count and sum numbers keep of a key. */
export interface CountedSum {
  readonly count: number;
  readonly sum: number;
}

/** What the jobs that count and sum numbers report. */
export interface Tally extends CountedSum {
  readonly key: number;
}

export function addTo(before: CountedSum | undefined, value: number): CountedSum {
  return { count: (before?.count ?? 0) + 1, sum: (before?.sum ?? 0) + value };
}
