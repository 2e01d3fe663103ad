import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { JobRuntime } from '../../dist/cli/job-runtime.js';
import { loadJobModule } from '../../dist/task-manager/job-module-loader.js';
import { defaultCheckpointSettings } from '../../src/checkpoint/checkpoint-settings.js';
import { restartStrategyDefaults } from '../../src/job-manager/restart-strategy.js';
import { defaultLivenessSettings } from '../../src/job-manager/task-manager-liveness.js';
import { StateFolder } from './state-folder.js';

/**
 * Runs a job file of `jobs/` to its end with its JobManager in this process, on real threads; gives what its
 * collecting sinks collected, by uid.
 */
export async function runInProcess(
  jobFileName: string,
  parallelism: number,
): Promise<ReadonlyMap<string, readonly unknown[]>> {
  const jobFile = fileURLToPath(new URL(`./jobs/${jobFileName}`, import.meta.url));
  const folder = new StateFolder();
  const log: string[] = [];
  const write = (message: string): void => {
    log.push(message);
  };
  const runtime = await JobRuntime.open({
    job: await loadJobModule(jobFile),
    jobFile,
    settings: {
      parallelism,
      maxParallelism: 128,
      checkpoints: { ...defaultCheckpointSettings, checkpointIntervalMs: 100 },
      restartStrategy: restartStrategyDefaults.exponentialDelay,
      liveness: defaultLivenessSettings,
    },
    heapMbPerThread: 1_024,
    stateDir: folder.path,
    kafka: undefined,
    logger: { info: write, warn: write, error: write },
    exitProcess: (reason) => {
      throw new Error(reason);
    },
  });
  try {
    const result = await runtime.jobManager.run('first-start');
    expect(result, log.join('\n')).toMatchObject({ outcome: 'finished', exitCode: 0 });
    return result.collected;
  } finally {
    await runtime.close();
  }
}
