import fc from 'fast-check';
import { encodeKey } from '../../src/key-groups/key-encoding.js';
import { keyGroupForEncodedKey, subtaskForKeyGroup } from '../../src/key-groups/key-group-assignment.js';
import { type CrashPoint, placesOf } from './crash-point.js';
import type { Emitted } from './one-slot-edge.js';
import { runWithCrash, type Step } from './operator-harness.js';
import { maxParallelism, type Pipeline } from './operator-subtask.js';

/** A step for all subtasks, or for the one that has the key. */
export interface SplitStep<In> {
  readonly key: string | undefined;
  readonly step: Step<In>;
}

export const parallelisms = fc.constantFrom(1, 2, 4);

/** What the subtasks of a keyed operator emit together, each with a crash and a restore at the same point. */
export async function runSplit<In>(
  pipeline: Pipeline<In>,
  steps: readonly SplitStep<In>[],
  parallelism: number,
  crash: CrashPoint,
): Promise<readonly Emitted[]> {
  const emitted: Emitted[] = [];
  for (let index = 0; index < parallelism; index += 1) {
    const own = steps
      .filter(({ key }) => key === undefined || subtaskOf(key, parallelism) === index)
      .map(({ step }) => step);
    const { checkpointIn, crashIn } = placesOf(crash, own.length);
    emitted.push(...(await runWithCrash(pipeline, own, checkpointIn, crashIn, { index, parallelism })));
  }
  return emitted;
}

function subtaskOf(key: string, parallelism: number): number {
  const encoded = encodeKey(key);
  return subtaskForKeyGroup(
    keyGroupForEncodedKey(encoded, maxParallelism, encoded.length),
    parallelism,
    maxParallelism,
  );
}
