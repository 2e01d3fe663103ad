/** A job to read and to run by one command, with its input, and with a check of what it wrote. */
export interface Example {
  /** What it shows, in one line. */
  readonly about: string;
  readonly jobFile: string;
  /** Filled before the job starts, unless they hold these records already. */
  readonly inputs: readonly ExampleTopic[];
  readonly output: { readonly topic: string; readonly partitions: number };
  /** Starts what the job talks to beside its topics; before its threads, and stopped behind them. */
  startService?(): Promise<ExampleService>;
  /** Compares what the job wrote with what an oracle works out, and tells of both. */
  check(written: readonly unknown[], run: ExampleRun): ExampleResult;
}

export interface ExampleService {
  stop(): Promise<void>;
}

export interface ExampleTopic {
  readonly topic: string;
  readonly partitions: number;
  /** The same each time. */
  records(): Iterable<ExampleRecord>;
}

export interface ExampleRecord {
  readonly key: string;
  /** Written as JSON. */
  readonly value: unknown;
  /** By default the key's, as Kafka's own clients place it. */
  readonly partition?: number;
}

export interface ExampleRun {
  readonly parallelism: number;
  readonly maxParallelism: number;
}

export interface ExampleResult {
  readonly text: string;
  readonly isRight: boolean;
}
