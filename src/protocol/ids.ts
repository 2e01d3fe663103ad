/**
 * Branded identifiers. Two numbers that mean different things must not be assignable to each other:
 * a checkpoint id taken for an attempt would make a stale message look current.
 */
declare const brand: unique symbol;
export type Branded<T, Name extends string> = T & { readonly [brand]: Name };

/** One execution of the whole job. Every failure begins the next one; never reused, not even by `--fresh`. */
export type ExecutionAttempt = Branded<number, 'ExecutionAttempt'>;
/** Checkpoint 0 holds the resolved start offsets; the first triggered one is 1. Never reused. */
export type CheckpointId = Branded<number, 'CheckpointId'>;
/** A worker thread's place, 0 … parallelism-1. Slot i runs subtask i of every vertex. */
export type SlotIndex = Branded<number, 'SlotIndex'>;
/** A subtask's place within its vertex, 0 … the vertex's parallelism-1. */
export type SubtaskIndex = Branded<number, 'SubtaskIndex'>;
/** A node of the chained job graph, numbered in topological order. */
export type VertexId = Branded<number, 'VertexId'>;
/** The name a user gives an operator so that its state is found again; unique within a job. */
export type OperatorUid = Branded<string, 'OperatorUid'>;
/** 0 … maxParallelism-1. */
export type KeyGroup = Branded<number, 'KeyGroup'>;
/** A source's unit of assignment; for a log `topic-partition`. */
export type SplitId = Branded<string, 'SplitId'>;
export type JobName = Branded<string, 'JobName'>;

export const executionAttempt = (value: number): ExecutionAttempt => value as ExecutionAttempt;
export const checkpointId = (value: number): CheckpointId => value as CheckpointId;
export const slotIndex = (value: number): SlotIndex => value as SlotIndex;
export const subtaskIndex = (value: number): SubtaskIndex => value as SubtaskIndex;
export const vertexId = (value: number): VertexId => value as VertexId;
export const operatorUid = (value: string): OperatorUid => value as OperatorUid;
export const keyGroup = (value: number): KeyGroup => value as KeyGroup;
export const splitId = (value: string): SplitId => value as SplitId;
export const jobName = (value: string): JobName => value as JobName;

/** Inclusive at both ends, as Flink prints it. */
export interface KeyGroupRange {
  readonly start: KeyGroup;
  readonly end: KeyGroup;
}

/** Names one subtask in messages, errors and metrics. */
export interface SubtaskRef {
  readonly vertexId: VertexId;
  readonly subtaskIndex: SubtaskIndex;
}
