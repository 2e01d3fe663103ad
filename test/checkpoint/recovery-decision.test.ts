import { describe, expect, test } from 'vitest';
import {
  type AttemptLedger,
  beginAttempt,
  releaseUnusedCheckpointIds,
} from '../../src/checkpoint/attempt-ledger.js';
import type { CheckpointMetadata } from '../../src/checkpoint/checkpoint-metadata.js';
import { durableCheckpoint } from '../../src/checkpoint/durable-checkpoint.js';
import { decideRecovery, type JobToRun, type RunKind } from '../../src/checkpoint/recovery-decision.js';
import { checkpointId, executionAttempt, jobName, operatorUid } from '../../src/protocol/ids.js';
import { metadataOf, snapshotOf, testJob } from './checkpoint-fixtures.js';

const job: JobToRun = {
  ...testJob,
  operatorUids: [operatorUid('orders'), operatorUid('count')],
  subtasksOf: (_uid, jobParallelism) => jobParallelism,
};
const keyed = [snapshotOf('count', 0, { keyedState: {} }), snapshotOf('orders', 0, { listState: [1] })];

function ledgerOf(
  attempt: number,
  reservedThrough: number,
  settledThrough: number | null = null,
): AttemptLedger {
  return {
    jobName: testJob.jobName,
    latest: {
      attempt: executionAttempt(attempt),
      startedAtMs: 1,
      parallelism: 2,
      maxParallelism: 128,
      graphHash: 'g1',
    },
    transactionalIdPools: [],
    checkpointIdsReservedThrough: checkpointId(reservedThrough),
    settledThrough: settledThrough === null ? null : checkpointId(settledThrough),
  };
}

function decide(
  metadata: CheckpointMetadata | undefined,
  ledger: AttemptLedger | undefined,
  run: RunKind = 'first-start',
  changes: Partial<JobToRun> = {},
) {
  const newestCheckpoint = metadata === undefined ? undefined : durableCheckpoint(metadata);
  return decideRecovery({ ledger, newestCheckpoint }, { ...job, ...changes }, run);
}

describe('beginning', () => {
  test('an empty folder begins with attempt 1 and checkpoint 0', () => {
    expect(decide(undefined, undefined)).toEqual({
      kind: 'start-new',
      because: 'nothing-to-restore',
      initialCheckpointId: 0,
      attempt: 1,
      lastUsedCheckpointId: -1,
    });
  });

  test('an attempt that died before any checkpoint keeps its numbers to itself', () => {
    expect(decide(undefined, ledgerOf(3, 100))).toMatchObject({
      kind: 'start-new',
      attempt: 4,
      initialCheckpointId: 101,
    });
  });

  test('--fresh begins a new line whose numbers go on rising', () => {
    expect(decide(metadataOf(7), ledgerOf(2, 100), 'fresh-start')).toMatchObject({
      kind: 'start-new',
      because: 'fresh',
      attempt: 3,
      initialCheckpointId: 101,
    });
  });

  test('--fresh also leaves behind what could not be restored', () => {
    const changed = { graphHash: 'g2', maxParallelism: 64 };
    expect(decide(metadataOf(7), ledgerOf(2, 100), 'fresh-start', changed).kind).toBe('start-new');
  });

  test('after a clean end the ids go on where they ended', () => {
    const ledger = releaseUnusedCheckpointIds(ledgerOf(2, 100), checkpointId(9));
    expect(decide(metadataOf(9), ledger, 'fresh-start')).toMatchObject({ initialCheckpointId: 10 });
  });
});

describe('restoring', () => {
  test('the newest checkpoint is restored, in a new attempt, above every id that may have been used', () => {
    expect(decide(metadataOf(7, { subtasks: keyed }), ledgerOf(2, 100))).toMatchObject({
      kind: 'restore',
      checkpoint: { metadata: { checkpointId: 7 } },
      attempt: 3,
      lastUsedCheckpointId: 100,
    });
  });

  test('an initial checkpoint whose attempt was never recorded is restored too', () => {
    expect(decide(metadataOf(0), undefined)).toMatchObject({
      kind: 'restore',
      attempt: 2,
      lastUsedCheckpointId: 0,
    });
  });
});

describe('a final checkpoint', () => {
  const final = metadataOf(9, { isFinal: true });

  test('that was settled is behind us: the job starts anew', () => {
    expect(decide(final, ledgerOf(1, 100, 9))).toMatchObject({
      kind: 'start-new',
      because: 'finished-before',
    });
  });

  test('whose process was killed before it was settled is only settled, or all output would come twice', () => {
    expect(decide(final, ledgerOf(1, 100, 8))).toMatchObject({ kind: 'finish' });
  });

  test('found by a restart within its process means that the work is done', () => {
    expect(decide(final, ledgerOf(1, 100, 9), 'restart')).toMatchObject({ kind: 'finish' });
  });

  test('does not hold up --fresh', () => {
    expect(decide(final, ledgerOf(1, 100, 8), 'fresh-start')).toMatchObject({
      kind: 'start-new',
      because: 'fresh',
    });
  });
});

describe('refusing, with a sentence that says what to do', () => {
  const reasonOf = (decision: ReturnType<typeof decide>) =>
    decision.kind === 'refuse' ? decision.reason : decision.kind;

  test.each<RunKind>(['first-start', 'fresh-start'])('another job’s folder (%s)', (run) => {
    const reason = reasonOf(decide(metadataOf(7), ledgerOf(1, 9), run, { jobName: jobName('returns') }));
    expect(reason).toMatch(/belongs to the job "orders", not to "returns".*--state-dir/);
  });

  test('another job’s folder of which only the ledger is left', () => {
    expect(
      reasonOf(decide(undefined, ledgerOf(1, 9), 'first-start', { jobName: jobName('returns') })),
    ).toMatch(/"orders"/);
  });

  test('another maximum parallelism', () => {
    expect(reasonOf(decide(metadataOf(7), undefined, 'first-start', { maxParallelism: 64 }))).toMatch(
      /--max-parallelism 128,.*64.*--fresh/,
    );
  });

  test('state whose operator is gone, by name', () => {
    const decision = decide(metadataOf(7, { subtasks: keyed }), undefined, 'first-start', {
      operatorUids: [operatorUid('orders')],
      graphHash: 'g2',
    });
    expect(reasonOf(decision)).toMatch(/"count".*uids.*--fresh/);
  });

  test('a changed graph', () => {
    expect(reasonOf(decide(metadataOf(7), undefined, 'first-start', { graphHash: 'g2' }))).toMatch(
      /graph has changed.*--fresh/,
    );
  });

  test('another parallelism, but only where there is keyed state to rescale', () => {
    const other = { parallelism: 4 };
    const countAlone = { ...other, subtasksOf: (uid: string, all: number) => (uid === 'count' ? 1 : all) };
    expect(decide(metadataOf(7, { subtasks: keyed }), undefined, 'first-start', countAlone).kind).toBe(
      'restore',
    );
    expect(reasonOf(decide(metadataOf(7, { subtasks: keyed }), undefined, 'first-start', other))).toMatch(
      /--parallelism 2.*--fresh/,
    );
    expect(decide(metadataOf(7), undefined, 'first-start', other).kind).toBe('restore');
  });
});

test('an attempt’s number can’t be used twice', () => {
  const begin = {
    jobName: testJob.jobName,
    record: ledgerOf(2, 0).latest,
    pools: [],
    lastUsedCheckpointId: checkpointId(0),
    idReservationSize: 100,
    settledThrough: null,
  };
  const ledger = beginAttempt(undefined, begin);
  expect(() => beginAttempt(ledger, begin)).toThrow(/would not be the first/);
});
