/** What the producer and the reader of one run are told. */
export interface LatencyOrder {
  readonly brokers: readonly string[];
  readonly input: string;
  readonly output: string;
  readonly partitions: number;
  readonly events: number;
  readonly eventsPerSecond: number;
  /** So many events, the first ones, count for nothing: the job starts and is compiled meanwhile. */
  readonly warmUpEvents: number;
}

export const users = 100_000;
