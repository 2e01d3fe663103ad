/** Numbered throughout the topic, in the order written. */
export interface NumberedRecord {
  readonly key: string;
  readonly number: number;
}

export interface Result extends NumberedRecord {
  /** The output topic of the job that wrote it. */
  readonly job: string;
  /** How many of the key there are up to this one, itself included; where the job counts. */
  readonly count?: number;
}
