import fc from 'fast-check';
import { encodeKey } from '../../src/key-groups/key-encoding.js';
import { keyGroupForEncodedKey, subtaskForKeyGroup } from '../../src/key-groups/key-group-assignment.js';
import type { Emitted } from './one-slot-edge.js';
import { runWithCrash, type Step } from './operator-harness.js';
import { maxParallelism, type Pipeline } from './operator-subtask.js';

/** A step for all subtasks, or for the one that has the key. */
export interface SplitStep<In> {
  readonly key: string | undefined;
  readonly step: Step<In>;
}

/** In which step a checkpoint is taken, and how many steps later the subtask crashes; modulo the steps there are. */
export interface CrashPoint {
  readonly checkpointIn: number;
  readonly after: number;
}

export const crashPoints: fc.Arbitrary<CrashPoint> = fc.record({
  checkpointIn: fc.nat(40),
  after: fc.nat(40),
});

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
    const checkpointIn = crash.checkpointIn % own.length;
    const crashAfter = checkpointIn + (crash.after % (own.length - checkpointIn));
    emitted.push(...(await runWithCrash(pipeline, own, checkpointIn, crashAfter, { index, parallelism })));
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
