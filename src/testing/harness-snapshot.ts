import type { JsonValue, OperatorSnapshot, SubtaskSnapshot } from '../checkpoint/checkpoint-metadata.js';
import type { JobDescription } from '../job-manager/job-description.js';
import { type CheckpointId, subtaskIndex } from '../protocol/ids.js';
import type { KeyedStateCopy } from './keyed-state-copy.js';

/** All that the streams under test kept at one point of their input. Restored as often as wanted; nobody changes it. */
export interface HarnessSnapshot {
  readonly checkpointId: CheckpointId;
  readonly parallelism: number;
  readonly subtasks: readonly SubtaskSnapshot[];
  /** By operator uid. */
  readonly keyedStates: ReadonlyMap<string, KeyedStateCopy>;
}

export function snapshotOf(
  checkpointId: CheckpointId,
  job: JobDescription,
  subtasks: readonly SubtaskSnapshot[],
  keyedStates: ReadonlyMap<string, KeyedStateCopy>,
): HarnessSnapshot {
  return { checkpointId, parallelism: job.checkpointed.parallelism, subtasks, keyedStates };
}

/**
 * The subtasks' parts for a job of another parallelism, in which operator state is still where it was: the
 * deployment divides it. Of what a subtask knew of event time each gets the least, since what is late for one of
 * them must not be early for another.
 */
export function withEarliestTimes(
  snapshot: HarnessSnapshot,
  job: JobDescription,
  parallelism: number,
): readonly SubtaskSnapshot[] {
  if (parallelism === snapshot.parallelism) return snapshot.subtasks;
  const uids = [...new Set(snapshot.subtasks.map(({ operatorUid }) => operatorUid))];
  return uids.flatMap((operatorUid) => {
    const parts = snapshot.subtasks.filter((each) => each.operatorUid === operatorUid);
    const subtaskState = earliest(parts.map((part) => part.snapshot.subtaskState));
    const count = Math.max(
      job.subtasksOf(operatorUid, snapshot.parallelism),
      job.subtasksOf(operatorUid, parallelism),
    );
    return Array.from({ length: count }, (_, index) => ({
      operatorUid,
      subtaskIndex: subtaskIndex(index),
      snapshot: partOf(parts.find((part) => part.subtaskIndex === index)?.snapshot, subtaskState),
    }));
  });
}

function partOf(own: OperatorSnapshot | undefined, subtaskState: JsonValue | undefined): OperatorSnapshot {
  const { listState, operatorState } = own ?? {};
  return {
    ...(listState === undefined ? {} : { listState }),
    ...(operatorState === undefined ? {} : { operatorState }),
    ...(subtaskState === undefined ? {} : { subtaskState }),
    stateBytes: 0,
  };
}

function earliest(states: readonly (JsonValue | undefined)[]): JsonValue | undefined {
  const watermarkOf = (state: JsonValue | undefined): number =>
    typeof state === 'object' && state !== null && 'watermark' in state && typeof state.watermark === 'number'
      ? state.watermark
      : Number.NEGATIVE_INFINITY;
  return states.reduce(
    (least, state) => (watermarkOf(state) < watermarkOf(least) ? state : least),
    states[0],
  );
}
