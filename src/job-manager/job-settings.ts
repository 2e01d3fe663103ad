import type { CheckpointSettings } from '../checkpoint/checkpoint-settings.js';
import type { RestartStrategy } from './restart-strategy.js';
import type { LivenessSettings } from './task-manager-liveness.js';

/** How a job is run; what the command line and the defaults say. */
export interface JobSettings {
  readonly parallelism: number;
  readonly maxParallelism: number;
  readonly checkpoints: CheckpointSettings;
  readonly restartStrategy: RestartStrategy;
  readonly liveness: LivenessSettings;
}
