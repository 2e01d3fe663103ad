/** What the slow job reads. */
export interface Measurement {
  readonly sensor: string;
  readonly index: number;
  readonly text: string;
}
