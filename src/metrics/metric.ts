/**
 * One value that the job's metrics have at present, under Flink's name. A counter begins at 0 with each
 * execution attempt, as Flink's do (those of the job itself, with the process).
 */
export interface Metric {
  readonly name: string;
  readonly kind: 'counter' | 'gauge';
  readonly scope: MetricScope;
  readonly value: number;
}

/** Whose value it is: Flink's scopes, from the outside in. */
export type MetricScope =
  | { readonly kind: 'job' }
  | { readonly kind: 'task'; readonly taskName: string; readonly subtaskIndex: number }
  | OperatorScope
  /** A topic's partition, as the operator reads it. */
  | (Omit<OperatorScope, 'kind'> & {
      readonly kind: 'partition';
      readonly topic: string;
      readonly partition: number;
    });

export interface OperatorScope {
  readonly kind: 'operator';
  readonly taskName: string;
  readonly operatorUid: string;
  readonly operatorName: string;
  /** Undefined for what the JobManager does for all subtasks at once. */
  readonly subtaskIndex: number | undefined;
  /** Flink's group within the operator, such as `KafkaSourceReader`; empty for none. */
  readonly group: readonly string[];
}
