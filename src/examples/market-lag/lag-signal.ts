/** What the job writes: a market's news has jumped and its price has not; and what became of it. */
export type LagSignal =
  | {
      readonly kind: 'lag';
      readonly market: string;
      /** The beginning of the hour in which the news jumped, epoch ms. */
      readonly hour: number;
      readonly news: number;
      /** News an hour in the hours before. */
      readonly baseline: number;
    }
  | {
      readonly kind: 'moved' | 'expired';
      readonly market: string;
      readonly hour: number;
      readonly lagHours: number;
    };

/** When a news rate counts as jumped, and a price as moved. */
export const lagRule = {
  /** Hours whose mean is the baseline; before there are so many, nothing is judged. */
  baselineHours: 6,
  /** At least so much news in the hour, … */
  newsMin: 8,
  /** … and so many times the baseline. */
  jumpFactor: 4,
  /** An outcome's price, 0 … 1, has moved by at least so much since the hour before. */
  moveMin: 0.05,
  /** Hours after which a price that has not moved is given up. */
  watchHours: 6,
} as const;
