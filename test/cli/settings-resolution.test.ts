import { describe, expect, it } from 'vitest';
import { defineJob } from '../../src/api/job.js';
import type { JobOptions } from '../../src/api/job-options.js';
import { defaultCheckpointSettings } from '../../src/checkpoint/checkpoint-settings.js';
import { parseCommandLine } from '../../src/cli/command-line.js';
import { resolveSettings } from '../../src/cli/settings-resolution.js';
import type { JobSettings } from '../../src/job-manager/job-settings.js';
import { restartStrategyDefaults } from '../../src/job-manager/restart-strategy.js';

function resolved(options: JobOptions, ...args: string[]): Omit<JobSettings, 'liveness'> {
  const commandLine = parseCommandLine(args, '1.2.3');
  if (commandLine.kind !== 'run') throw new Error(JSON.stringify(commandLine));
  return resolveSettings(commandLine.options.settings, defineJob('settings', options, () => {}).settings);
}

function mistakesOf(options: object): string {
  try {
    defineJob('settings', options, () => {}).buildGraph();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('No mistake was found.');
}

const declared: JobOptions = {
  parallelism: 3,
  maxParallelism: 64,
  checkpointing: { interval: '5s', timeout: '1m', minPause: '500ms', tolerableFailures: 2 },
  restartStrategy: { kind: 'fixed-delay', attempts: 5, delay: '2s' },
};

describe('The settings of a job', () => {
  it('are the defaults where nobody says anything', () => {
    expect(resolved({})).toEqual({
      parallelism: 1,
      maxParallelism: 128,
      checkpoints: defaultCheckpointSettings,
      restartStrategy: restartStrategyDefaults.exponentialDelay,
    });
  });

  it('are what the job says', () => {
    expect(resolved(declared)).toEqual({
      parallelism: 3,
      maxParallelism: 64,
      checkpoints: {
        ...defaultCheckpointSettings,
        checkpointIntervalMs: 5_000,
        checkpointTimeoutMs: 60_000,
        minPauseMs: 500,
        tolerableFailedCheckpoints: 2,
      },
      restartStrategy: { kind: 'fixed-delay', attempts: 5, delayMs: 2_000 },
    });
  });

  it('are what the command line says, one by one, before what the job says', () => {
    const settings = resolved(declared, '--parallelism=2', '--checkpoint-interval=100ms');
    expect(settings).toMatchObject({
      parallelism: 2,
      maxParallelism: 64,
      checkpoints: { checkpointIntervalMs: 100, checkpointTimeoutMs: 60_000 },
    });
  });

  it('keep the job’s restart strategy with another delay, or take another strategy whole', () => {
    expect(resolved(declared, '--restart-delay=7s').restartStrategy).toEqual({
      kind: 'fixed-delay',
      attempts: 5,
      delayMs: 7_000,
    });
    expect(resolved(declared, '--restart-strategy=failure-rate').restartStrategy).toEqual(
      restartStrategyDefaults.failureRate,
    );
  });

  it('take every restart strategy, with defaults for what is left out', () => {
    const strategyOf = (restartStrategy: NonNullable<JobOptions['restartStrategy']>) =>
      resolved({ restartStrategy }).restartStrategy;
    expect(strategyOf({ kind: 'none' })).toEqual({ kind: 'none' });
    expect(strategyOf({ kind: 'exponential-delay', initialBackoff: '2m' })).toMatchObject({
      initialBackoffMs: 120_000,
      maxBackoffMs: 120_000,
      jitterFactor: 0.1,
    });
    expect(strategyOf({ kind: 'failure-rate', failureRateInterval: '1h' })).toEqual({
      ...restartStrategyDefaults.failureRate,
      failureRateIntervalMs: 3_600_000,
    });
  });

  it('are refused where they contradict each other, with where each comes from', () => {
    expect(() => resolved({ maxParallelism: 4 }, '--parallelism=8')).toThrow(
      "8 threads (--parallelism) are more than 4 key groups (max parallelism, the job's maxParallelism)",
    );
    expect(() => resolved({ parallelism: 200 })).toThrow(
      "200 threads (the job's parallelism) are more than 128 key groups (max parallelism, the default)",
    );
    expect(() => resolved({ restartStrategy: { kind: 'none' } }, '--restart-attempts=3')).toThrow(
      /mean nothing with the restart strategy "none"/,
    );
  });

  it('have all their mistakes in one message, with those of the streams', () => {
    const message = mistakesOf({
      parallelism: 0,
      maxParallelism: 1.5,
      checkpointing: { interval: '1ms', timeout: 'soon', minpause: '1s', tolerableFailures: -1 },
      restartStrategy: { kind: 'exponential-delay', initialBackoff: '5s', maxBackoff: '1s', jitterFactor: 2 },
      restartAttempts: 3,
    });
    for (const part of [
      'its parallelism is 0: give a whole number from 1 to 1024',
      'its maxParallelism is 1.5',
      'its checkpointing.interval is 1ms: give at least 10ms',
      'its checkpointing.timeout is "soon"',
      'there is no setting checkpointing.minpause',
      'its checkpointing.tolerableFailures is -1',
      'restartStrategy.initialBackoff is 5s, more than its maxBackoff 1s',
      'its restartStrategy.jitterFactor is 2',
      'there is no setting defineJob.restartAttempts',
      'it reads from no source',
      'it has no sink',
    ]) {
      expect(message).toContain(part);
    }
    expect(mistakesOf({ restartStrategy: { kind: 'hope' } })).toContain('its restartStrategy is "hope"');
  });
});
