import { seededHash } from '../../demo/seeded-hash.js';
import type { ExampleRecord } from '../example.js';

export const labInputTopic = 'partitioning-lab.events';
export const labOutputTopic = 'partitioning-lab.placements';
export const labPartitions = 4;

/** What the lab's stream is made of: users, of whom one is far busier than the others. */
export interface LabEvent {
  readonly id: number;
  readonly user: string;
}

const events = 20_000;
const users = 200;
/** Of a hundred events, so many are the busy user's. */
const busyPercent = 30;

export function* labEvents(): Generator<LabEvent> {
  for (let id = 0; id < events; id += 1) {
    const isBusy = seededHash(1, id, 0) % 100 < busyPercent;
    yield { id, user: `user-${isBusy ? 0 : seededHash(1, id, 1) % users}` };
  }
}

/** Partition 0 has twice as many events as each of the others: a source's partitions are seldom even. */
export function labPartitionOf(id: number): number {
  return Math.max(0, (id % (labPartitions + 1)) - 1);
}

export function* labRecords(): Generator<ExampleRecord> {
  for (const event of labEvents()) {
    yield { key: event.user, value: event, partition: labPartitionOf(event.id) };
  }
}

/** Where the lab's own partitioner sends a user: the number in the name, from the first subtask on. */
export function subtaskByUserNumber(user: string, subtasks: number): number {
  return Number(user.slice('user-'.length)) % subtasks;
}
