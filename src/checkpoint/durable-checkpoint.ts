import type { CheckpointMetadata } from './checkpoint-metadata.js';

/**
 * A checkpoint whose metadata is on disk, and thereby the permit to commit what it records. Whoever tells
 * sinks to commit, or commits by himself, must hold one: committing on metadata that a crash can still lose
 * doubles output. Only the checkpoint store makes it.
 */
export interface DurableCheckpoint {
  readonly metadata: CheckpointMetadata;
  readonly [durable]: true;
}

declare const durable: unique symbol;

/** For the checkpoint store alone, after the write's promise resolved or the file was read whole. */
export function durableCheckpoint(metadata: CheckpointMetadata): DurableCheckpoint {
  return { metadata } as DurableCheckpoint;
}
