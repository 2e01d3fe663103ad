import type { Files } from '../host/files.js';
import type { Random } from '../host/random.js';
import { MillraceError } from '../protocol/failures.js';
import type { RestoredState } from './cached-keyed-state-backend.js';
import { readSegment, SegmentDamage } from './delta-segment.js';
import type { KeyedStateHandle, KeyedStateOpenRequest, SegmentRef } from './keyed-state-backend.js';
import { type StagedSegment, segmentFileName, segmentPath } from './segment-log.js';
import type { StateBase, StateBases } from './state-base.js';

/**
 * Finds the state that a checkpoint's handle names, or begins an empty one. Invariants: a restore creates
 * nothing and never goes on from another store than the one named; what the handle does not list is dropped,
 * since it belongs to a checkpoint that was never complete. It takes time in proportion to what is unmerged,
 * not to the size of the state.
 */
export async function restoreKeyedState(
  source: RestoreSource,
  request: KeyedStateOpenRequest,
): Promise<RestoredState> {
  if (request.restore === undefined) return beginEmpty(source, request);
  const handle = request.restore;
  const base = await openNamedBase(source, request, handle);
  const { mergedThrough } = base.progress;
  const unmerged = handle.segments.filter((ref) => ref.checkpointId > mergedThrough);
  const segments = await Promise.all(unmerged.map((ref) => loadSegment(source, handle, ref)));
  await removeOthers(source, new Set(unmerged.map(segmentFileName)));
  return { base, segments };
}

export interface RestoreSource {
  readonly bases: StateBases;
  readonly files: Files;
  /** Of this operator's segment files. */
  readonly folder: string;
  readonly random: Random;
}

async function beginEmpty(source: RestoreSource, request: KeyedStateOpenRequest): Promise<RestoredState> {
  const { operatorUid, maxParallelism, keyGroupRange } = request;
  const storeId = source.random.uuid();
  const base = await source.bases.create({
    storeId,
    generation: 1,
    operatorUid,
    maxParallelism,
    keyGroupRange,
  });
  await removeOthers(source, new Set());
  return { base, segments: [] };
}

async function openNamedBase(
  source: RestoreSource,
  request: KeyedStateOpenRequest,
  handle: KeyedStateHandle,
): Promise<StateBase> {
  const { bases } = source;
  const owner = `operator "${request.operatorUid}" in ${bases.location}`;
  const base = await bases.openExisting(request.operatorUid);
  if (base === undefined) {
    throw refusal(
      `The state store of ${owner}, which checkpoint ${handle.checkpointId} names, is not there.`,
    );
  }
  const { identity, progress } = base;
  if (identity.storeId !== handle.storeId || identity.generation !== handle.generation) {
    throw refusal(
      `The state store of ${owner} is ${identity.storeId} generation ${identity.generation}, but checkpoint ${handle.checkpointId} names ${handle.storeId} generation ${handle.generation}.`,
    );
  }
  if (progress.mergingThrough > handle.checkpointId) {
    throw refusal(
      `The state store of ${owner} already holds changes of checkpoint ${progress.mergingThrough}, so checkpoint ${handle.checkpointId} can't be restored from it.`,
    );
  }
  if (identity.maxParallelism !== request.maxParallelism) {
    throw new MillraceError(
      `The state store of ${owner} was written with max parallelism ${identity.maxParallelism}, and the job now has ${request.maxParallelism}. Set --max-parallelism ${identity.maxParallelism}: it can't be changed while the state is kept.`,
      { domain: 'user-code', action: 'fail-job' },
    );
  }
  const stored = identity.keyGroupRange;
  const wanted = request.keyGroupRange;
  if (stored.start !== wanted.start || stored.end !== wanted.end) {
    throw new MillraceError(
      `The state store of ${owner} holds key groups ${stored.start} to ${stored.end}, and this subtask has ${wanted.start} to ${wanted.end}. Start the job with the parallelism it had before.`,
      { domain: 'user-code', action: 'fail-job' },
    );
  }
  return base;
}

async function loadSegment(
  source: RestoreSource,
  handle: KeyedStateHandle,
  ref: SegmentRef,
): Promise<StagedSegment> {
  const path = segmentPath(source.folder, ref);
  const named = `The state segment ${path} of checkpoint ${ref.checkpointId}`;
  const file = await source.files.read(path);
  if (file === undefined) throw refusal(`${named} is not there.`);
  const { storeId, generation, operatorUid } = handle;
  const { attempt, checkpointId, crc32c } = ref;
  try {
    const expected = { storeId, generation, operatorUid, attempt, checkpointId, crc32c };
    return { ref, segment: readSegment(file, expected) };
  } catch (error) {
    if (!(error instanceof SegmentDamage)) throw error;
    throw refusal(`${named} ${error.message}.`);
  }
}

async function removeOthers(source: RestoreSource, listed: ReadonlySet<string>): Promise<void> {
  const { files, folder } = source;
  const others = (await files.list(folder)).filter((name) => !listed.has(name));
  await Promise.all(others.map((name) => files.remove(`${folder}/${name}`)));
}

function refusal(what: string): MillraceError {
  return new MillraceError(
    `${what} Put back the state folder as the last run left it, or a copy of it; or start with --fresh, which gives up the state.`,
    { domain: 'outside-system', action: 'fail-job' },
  );
}
