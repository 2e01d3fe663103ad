import type { CheckpointMetadata, SubtaskSnapshot } from '../checkpoint/checkpoint-metadata.js';
import { redistributeOperatorState } from '../checkpoint/operator-state-redistribution.js';
import { slotIndex, subtaskIndex } from '../protocol/ids.js';
import type { SplitAssignment, TaskManagerDeployment } from '../protocol/messages.js';
import type { SourceSplit } from '../sources/source.js';
import type { JobDescription } from './job-description.js';
import { assignSplits } from './split-assignment.js';

export interface SlotDeployments {
  /** By slot. */
  readonly deployments: readonly TaskManagerDeployment[];
  /** Sentences for people. */
  readonly warnings: readonly string[];
}

/**
 * What each slot runs, from the checkpoint to go on from (of a new job: checkpoint 0, which holds only the
 * sources' splits). A pure function, so that every attempt from one checkpoint runs the same.
 */
export function planDeployments(job: JobDescription, metadata: CheckpointMetadata): SlotDeployments {
  const { parallelism, maxParallelism } = job.checkpointed;
  const sourceUids = new Set(job.sources.map((source) => source.uid));
  const warnings: string[] = [];
  const splitsBySlot: SplitAssignment[][] = Array.from({ length: parallelism }, () => []);
  for (const source of job.sources) {
    const assignment = assignSplits(splitsOf(metadata, source.uid), job.subtasksOf(source.uid, parallelism));
    warnings.push(...assignment.warnings.map((warning) => `Source "${source.name}": ${warning}`));
    assignment.bySubtask.forEach((splits, slot) => {
      splitsBySlot[slot]?.push({ operatorUid: source.uid, splits });
    });
  }
  const restored = withOperatorStates(job, metadata);
  const deployments = splitsBySlot.map((splits, index) => ({
    slot: slotIndex(index),
    parallelism,
    maxParallelism,
    restored: restored
      .filter((each) => each.subtaskIndex === index)
      .map((each) => (sourceUids.has(each.operatorUid) ? withoutListState(each) : each)),
    splits,
  }));
  return { deployments, warnings };
}

/** All splits of a source, wherever they were read; in the order of their index, whichever subtask was first. */
export function splitsOf(metadata: CheckpointMetadata, operatorUid: string): SourceSplit[] {
  return metadata.subtasks
    .filter((each) => each.operatorUid === operatorUid)
    .flatMap((each) => (each.snapshot.listState ?? []) as unknown as SourceSplit[])
    .sort((a, b) => a.index - b.index || (a.splitId < b.splitId ? -1 : 1));
}

/** The splits travel in the assignment, redistributed. */
function withoutListState(subtask: SubtaskSnapshot): SubtaskSnapshot {
  const { listState: _splits, ...snapshot } = subtask.snapshot;
  return { ...subtask, snapshot };
}

/** What users' functions keep beside the keys: a union state is given to all anew, whatever the parallelism. */
function withOperatorStates(job: JobDescription, metadata: CheckpointMetadata): readonly SubtaskSnapshot[] {
  const { subtasks } = metadata;
  const withState = subtasks.filter(({ snapshot }) => snapshot.operatorState !== undefined);
  const uids = new Set(withState.map((each) => each.operatorUid));
  const others = subtasks.filter((each) => !uids.has(each.operatorUid));
  const redistributed = [...uids].flatMap((operatorUid) => {
    const former = Array.from({ length: job.subtasksOf(operatorUid, metadata.parallelism) }, (_, index) =>
      withState.find((each) => each.operatorUid === operatorUid && each.subtaskIndex === index),
    );
    const states = redistributeOperatorState(
      former.map((each) => each?.snapshot.operatorState ?? []),
      job.subtasksOf(operatorUid, job.checkpointed.parallelism),
    );
    return states.map((operatorState, index) => {
      const own = subtasks.find((each) => each.operatorUid === operatorUid && each.subtaskIndex === index);
      const snapshot = { ...(own?.snapshot ?? { stateBytes: 0 }), operatorState };
      return { operatorUid, subtaskIndex: subtaskIndex(index), snapshot };
    });
  });
  return [...others, ...redistributed];
}
