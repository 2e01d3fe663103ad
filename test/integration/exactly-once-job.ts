import { fileURLToPath } from 'node:url';
import type { OffsetResetStrategy } from '../../src/log/position-reset.js';
import { MillraceProcess } from './millrace-process.js';

const jobFile = fileURLToPath(new URL('./jobs/exactly-once.job.ts', import.meta.url));

export interface ExactlyOnceRun {
  readonly brokers: readonly string[];
  readonly stateFolder: string;
  readonly input: string;
  /** Of the input, with so many records each at its end. */
  readonly partitions: number;
  readonly recordsOfPartition: number;
  /** The topic, which is the prefix of transactional ids, too. */
  readonly output: string;
  /** The sink is told its topic by each element. */
  readonly isTopicOfEach?: boolean;
  readonly onOffsetOutOfRange?: OffsetResetStrategy;
  readonly isKeyed?: boolean;
  readonly parallelism?: number;
  readonly transactionTimeout?: string;
  readonly args?: readonly string[];
}

/** Runs the job of `jobs/exactly-once.job.ts`, with a checkpoint every tenth of a second. */
export function startExactlyOnce(run: ExactlyOnceRun): MillraceProcess {
  const {
    brokers,
    stateFolder,
    isKeyed = false,
    isTopicOfEach = false,
    onOffsetOutOfRange = 'fail',
    parallelism = 2,
    transactionTimeout = '15m',
    args = [],
  } = run;
  return new MillraceProcess(
    [
      ...['--job', jobFile, '--parallelism', String(parallelism), '--brokers', brokers.join(',')],
      ...['--state-dir', stateFolder, '--checkpoint-interval', '100ms', ...args],
    ],
    {
      env: {
        TEST_INPUT: run.input,
        TEST_OUTPUT: run.output,
        TEST_PARTITIONS: String(run.partitions),
        TEST_RECORDS_OF_PARTITION: String(run.recordsOfPartition),
        TEST_KEYED: isKeyed ? '1' : '0',
        TEST_TOPIC_OF_EACH: isTopicOfEach ? '1' : '0',
        TEST_ON_OFFSET_OUT_OF_RANGE: onOffsetOutOfRange,
        TEST_TRANSACTION_TIMEOUT: transactionTimeout,
      },
    },
  );
}
