import { defaultCheckpointSettings } from '../checkpoint/checkpoint-settings.js';
import type { DeclaredSettings, JobSettings } from '../job-manager/job-settings.js';
import { restartStrategyDefaults } from '../job-manager/restart-strategy.js';
import { MillraceError } from '../protocol/failures.js';
import {
  defaultRestartStrategy,
  type RestartSettings,
  type RestartStrategyName,
  withRestartSettings,
} from './restart-options.js';

/** What a command line says of a job's settings; undefined for what it leaves to the job. */
export interface SettingsFlags {
  readonly parallelism: number | undefined;
  readonly maxParallelism: number | undefined;
  readonly checkpointIntervalMs: number | undefined;
  readonly restartStrategy: RestartStrategyName | undefined;
  readonly restart: RestartSettings;
}

export const defaultParallelism = 1;
export const defaultMaxParallelism = 128;

/**
 * The settings that a job runs with: a flag goes before what the job says, and that before the default.
 * `--restart-strategy` replaces the job's strategy whole; `--restart-attempts` and `--restart-delay` alone
 * change the one that the job has.
 * @throws MillraceError naming all settings that don't go together, with where each comes from.
 */
export function resolveSettings(
  flags: SettingsFlags,
  declared: DeclaredSettings,
): Omit<JobSettings, 'liveness'> {
  const parallelism = firstOf(
    ['--parallelism', flags.parallelism],
    ["the job's parallelism", declared.parallelism],
    defaultParallelism,
  );
  const maxParallelism = firstOf(
    ['--max-parallelism', flags.maxParallelism],
    ["the job's maxParallelism", declared.maxParallelism],
    defaultMaxParallelism,
  );
  const mistakes: string[] = [];
  if (parallelism.value > maxParallelism.value) {
    mistakes.push(
      `${parallelism.value} threads (${parallelism.origin}) are more than ${maxParallelism.value} key groups (max parallelism, ${maxParallelism.origin}): some would have no keys`,
    );
  }
  const ownStrategy = declared.restartStrategy ?? restartStrategyDefaults.exponentialDelay;
  const strategy =
    flags.restartStrategy === undefined ? ownStrategy : defaultRestartStrategy(flags.restartStrategy);
  const { attempts, delayMs } = flags.restart;
  if (strategy.kind === 'none' && (attempts !== undefined || delayMs !== undefined)) {
    mistakes.push('--restart-attempts and --restart-delay mean nothing with the restart strategy "none"');
  }
  if (mistakes.length > 0) {
    throw new MillraceError(`The job can't run with these settings: ${mistakes.join('; ')}.`, {
      domain: 'user-code',
      action: 'fail-job',
    });
  }
  const interval =
    flags.checkpointIntervalMs === undefined ? {} : { checkpointIntervalMs: flags.checkpointIntervalMs };
  return {
    parallelism: parallelism.value,
    maxParallelism: maxParallelism.value,
    checkpoints: { ...defaultCheckpointSettings, ...declared.checkpoints, ...interval },
    restartStrategy: withRestartSettings(strategy, flags.restart),
  };
}

type Origin = readonly [name: string, value: number | undefined];

function firstOf(flag: Origin, declared: Origin, byDefault: number): { value: number; origin: string } {
  for (const [origin, value] of [flag, declared]) if (value !== undefined) return { value, origin };
  return { value: byDefault, origin: 'the default' };
}
