/** Milliseconds from the sending of an event to its answer at the reader. */
export interface LatencySummary {
  readonly samples: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** Exact percentiles (nearest rank): there are few enough samples to sort. */
export function summarizeLatencies(latenciesMs: Float64Array): LatencySummary {
  const sorted = latenciesMs.slice().sort();
  const percentile = (share: number): number =>
    Math.round((sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN) * 100) / 100;
  return {
    samples: sorted.length,
    p50Ms: percentile(0.5),
    p99Ms: percentile(0.99),
    maxMs: percentile(1),
  };
}
