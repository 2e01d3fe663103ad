import type { CheckpointMetadata, SubtaskSnapshot } from '../../src/checkpoint/checkpoint-metadata.js';
import type { AcknowledgingSubtask } from '../../src/checkpoint/pending-checkpoint.js';
import type { PreparedTransaction } from '../../src/log/log-transactions.js';
import {
  checkpointId,
  executionAttempt,
  jobName,
  operatorUid,
  subtaskIndex,
  vertexId,
} from '../../src/protocol/ids.js';

export const testJob = { jobName: jobName('orders'), graphHash: 'g1', maxParallelism: 128, parallelism: 2 };

export const twoSubtasks: readonly AcknowledgingSubtask[] = [0, 1].map((index) => ({
  vertexId: vertexId(0),
  subtaskIndex: subtaskIndex(index),
  taskName: 'Source: orders',
}));

export function prepared(transactionalId: string, producerEpoch = 0): PreparedTransaction {
  return { transactionalId, producerId: '7', producerEpoch };
}

export function snapshotOf(
  uid: string,
  index: number,
  rest: Partial<SubtaskSnapshot['snapshot']> = {},
): SubtaskSnapshot {
  return {
    operatorUid: operatorUid(uid),
    subtaskIndex: subtaskIndex(index),
    snapshot: { stateBytes: 10, ...rest },
  };
}

export function metadataOf(id: number, rest: Partial<CheckpointMetadata> = {}): CheckpointMetadata {
  return {
    formatVersion: 1,
    ...testJob,
    checkpointId: checkpointId(id),
    attempt: executionAttempt(1),
    completedAtMs: 1_000,
    isFinal: false,
    subtasks: [],
    ...rest,
  };
}
