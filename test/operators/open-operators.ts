import type { SubtaskSnapshot } from '../../src/checkpoint/checkpoint-metadata.js';
import { executionAttempt } from '../../src/protocol/ids.js';
import { CachedKeyedStateStore } from '../../src/state/cached-keyed-state-store.js';
import { InMemoryStateBases, SimulatedStateDisk } from '../../src/state/in-memory-state-bases.js';
import { SimulatedClock } from '../simulation/simulated-clock.js';
import { SimulatedDisk } from '../simulation/simulated-files.js';
import { SimulatedRandom } from '../simulation/simulated-random.js';
import { untilSettled } from '../simulation/until-settled.js';
import type { OutputSize } from './one-slot-edge.js';
import { OperatorSubtask, type OperatorSubtaskOptions, type Pipeline } from './operator-subtask.js';

export type OpenOperators<In> = OperatorSubtask<In>;

/** Operators on an empty state, restored from the snapshots, if any. */
export async function openOperators<In>(
  pipeline: Pipeline<In>,
  outputSize: OutputSize = 'unbounded',
  restored: readonly SubtaskSnapshot[] = [],
  originOf?: OperatorSubtaskOptions['originOf'],
): Promise<OpenOperators<In>> {
  const random = new SimulatedRandom(1);
  const clock = new SimulatedClock(random);
  const opened = OperatorSubtask.open(pipeline, {
    clock,
    state: new CachedKeyedStateStore({
      bases: new InMemoryStateBases(new SimulatedStateDisk(), clock),
      files: new SimulatedDisk(random).open(clock),
      segmentFolder: 'segments',
      clock,
      random,
    }),
    attempt: executionAttempt(1),
    restored,
    outputSize,
    originOf,
  });
  return untilSettled(clock, opened);
}
