import { MillraceError } from '../protocol/failures.js';
import {
  type KeyGroup,
  type KeyGroupRange,
  keyGroup,
  type SubtaskIndex,
  subtaskIndex,
} from '../protocol/ids.js';
import { murmur3 } from './murmur3.js';

/**
 * Which subtask owns a key. Invariant: a key's group depends on the key and maxParallelism alone, and the
 * groups of the subtasks are contiguous, disjoint and complete. State is stored by group and records are sent
 * by group: were the two to disagree, a record would meet a subtask that does not have its key's state.
 */
export function keyGroupForEncodedKey(
  encodedKey: Uint8Array,
  maxParallelism: number,
  length = encodedKey.length,
): KeyGroup {
  return keyGroup(murmur3(encodedKey, length) % maxParallelism);
}

export function subtaskForKeyGroup(
  group: KeyGroup,
  parallelism: number,
  maxParallelism: number,
): SubtaskIndex {
  return subtaskIndex(Math.floor((group * parallelism) / maxParallelism));
}

/** Inclusive at both ends; at parallelism 4 of 128 the ranges are 0–31, 32–63, 64–95 and 96–127. */
export function keyGroupRangeForSubtask(
  index: SubtaskIndex,
  parallelism: number,
  maxParallelism: number,
): KeyGroupRange {
  return {
    start: keyGroup(Math.ceil((index * maxParallelism) / parallelism)),
    end: keyGroup(Math.ceil(((index + 1) * maxParallelism) / parallelism) - 1),
  };
}

/** Key groups are stored in 16 bits; the bound is Flink's, and leaves a bit to spare. */
export const maxParallelismLimit = 32_768;

/** @throws MillraceError when a job can't be spread that way. Checked once, when the job is built. */
export function checkParallelism(parallelism: number, maxParallelism: number): void {
  const valid = (value: number, limit: number) => Number.isInteger(value) && value >= 1 && value <= limit;
  if (!valid(maxParallelism, maxParallelismLimit)) {
    throw new MillraceError(
      `The max parallelism is ${maxParallelism}; it must be a whole number from 1 to ${maxParallelismLimit}.`,
      { domain: 'user-code', action: 'fail-job' },
    );
  }
  if (!valid(parallelism, maxParallelism)) {
    throw new MillraceError(
      `The parallelism is ${parallelism}; it must be a whole number from 1 to the max parallelism, ${maxParallelism}, since a subtask without a key group would never get a record.`,
      { domain: 'user-code', action: 'fail-job' },
    );
  }
}
