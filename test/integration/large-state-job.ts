import { fileURLToPath } from 'node:url';
import { MillraceProcess } from './millrace-process.js';

const job = fileURLToPath(new URL('./jobs/large-state.job.ts', import.meta.url));

/** Of each key's value in the large-state job. */
const valueBytes = 16 * 1024;

export interface LargeStateOptions {
  readonly keys: number;
  readonly ratePerSecond: number;
  readonly args?: readonly string[];
  readonly wrapper?: readonly string[];
}

/** Runs the large-state job, which fails when it finds another state than it left. */
export function startLargeState(stateDir: string, options: LargeStateOptions): MillraceProcess {
  const env = {
    TEST_KEYS: String(options.keys),
    TEST_VALUE_BYTES: String(valueBytes),
    TEST_RATE: String(options.ratePerSecond),
  };
  const args = ['--job', job, '--parallelism', '2', '--state-dir', stateDir, ...(options.args ?? [])];
  return new MillraceProcess(args, { env, wrapper: options.wrapper ?? [] });
}
