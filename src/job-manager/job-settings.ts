import type { CheckpointSettings } from '../checkpoint/checkpoint-settings.js';
import type { RestartStrategy } from './restart-strategy.js';
import type { LivenessSettings } from './task-manager-liveness.js';

/** How a job is run: what the command line, the job itself and the defaults say, in this order. */
export interface JobSettings {
  readonly parallelism: number;
  readonly maxParallelism: number;
  readonly checkpoints: CheckpointSettings;
  readonly restartStrategy: RestartStrategy;
  readonly liveness: LivenessSettings;
}

/** What a job says of its settings; undefined where it leaves them to others. */
export interface DeclaredSettings {
  readonly parallelism: number | undefined;
  readonly maxParallelism: number | undefined;
  readonly checkpoints: Partial<CheckpointSettings>;
  readonly restartStrategy: RestartStrategy | undefined;
}
