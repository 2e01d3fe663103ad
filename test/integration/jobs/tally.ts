/** What the counting job reports. */
export interface Tally {
  readonly key: number;
  readonly count: number;
  readonly sum: number;
}
