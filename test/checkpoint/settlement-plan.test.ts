import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type AttemptLedger,
  beginAttempt,
  markSettled,
  type TransactionalIdPool,
  transactionalIdsOf,
} from '../../src/checkpoint/attempt-ledger.js';
import { durableCheckpoint } from '../../src/checkpoint/durable-checkpoint.js';
import { planSettlement } from '../../src/checkpoint/settlement-plan.js';
import { checkpointId, executionAttempt } from '../../src/protocol/ids.js';
import { metadataOf, prepared, snapshotOf, testJob } from './checkpoint-fixtures.js';

function poolOf(prefix: string, subtasks: number, poolSize: number): TransactionalIdPool {
  return { transactionalIdPrefix: prefix, subtasks, poolSize, transactionTimeoutMs: 60_000 };
}

function ledgerAfter(...attempts: readonly TransactionalIdPool[][]): AttemptLedger {
  let ledger: AttemptLedger | undefined;
  attempts.forEach((pools, index) => {
    ledger = beginAttempt(ledger, {
      jobName: testJob.jobName,
      record: {
        attempt: executionAttempt(index + 1),
        startedAtMs: 0,
        parallelism: 2,
        maxParallelism: 128,
        graphHash: 'g1',
      },
      pools,
      lastUsedCheckpointId: checkpointId(0),
      idReservationSize: 10,
      settledThrough: null,
    });
  });
  return ledger as AttemptLedger;
}

const recorded = durableCheckpoint(
  metadataOf(5, {
    subtasks: [
      snapshotOf('out', 0, { committables: [prepared('out-0-1', 3), prepared('out-0-0', 8)] }),
      snapshotOf('out', 1, { committables: [prepared('out-1-0', 2)] }),
    ],
  }),
);

test('what the newest checkpoint records is committed oldest first, and every other id is fenced', () => {
  const plan = planSettlement({
    newestCheckpoint: recorded,
    ledger: ledgerAfter([poolOf('out', 2, 3)]),
    pools: [],
  });
  expect(plan.commits).toEqual([prepared('out-0-1', 3), prepared('out-0-0', 8), prepared('out-1-0', 2)]);
  expect(plan.fences.map((fence) => fence.transactionalId)).toEqual(['out-0-2', 'out-1-1', 'out-1-2']);
});

test('ids of earlier attempts with more subtasks, larger pools or other prefixes are fenced too', () => {
  const ledger = ledgerAfter([poolOf('old', 1, 1), poolOf('out', 3, 1)], [poolOf('out', 1, 2)]);
  const plan = planSettlement({ newestCheckpoint: undefined, ledger, pools: [] });
  expect(plan.fences.map((fence) => fence.transactionalId)).toEqual(
    expect.arrayContaining(['old-0-0', 'out-0-0', 'out-1-0', 'out-2-0', 'out-0-1']),
  );
});

test('the ids of the attempt to come are fenced: a run whose folder was deleted may have left them open', () => {
  const plan = planSettlement({
    newestCheckpoint: undefined,
    ledger: undefined,
    pools: [poolOf('out', 1, 2)],
  });
  expect(plan.fences).toEqual([
    { transactionalId: 'out-0-0', transactionTimeoutMs: 60_000 },
    { transactionalId: 'out-0-1', transactionTimeoutMs: 60_000 },
  ]);
});

test('what is known to be committed is not committed again, and its ids are not fenced either', () => {
  const ledger = markSettled(ledgerAfter([poolOf('out', 2, 2)]), checkpointId(5));
  const plan = planSettlement({ newestCheckpoint: recorded, ledger, pools: [] });
  expect(plan.commits).toEqual([]);
  expect(plan.fences.map((fence) => fence.transactionalId)).toEqual(['out-1-1']);
});

test('a later checkpoint than the settled one is committed', () => {
  const ledger = markSettled(ledgerAfter([poolOf('out', 2, 2)]), checkpointId(4));
  expect(planSettlement({ newestCheckpoint: recorded, ledger, pools: [] }).commits).toHaveLength(3);
});

test('over any history, each id that was ever in a pool is either recorded or fenced, and none is both', () => {
  const pool = fc.record({
    transactionalIdPrefix: fc.constantFrom('a', 'b', 'a-0'),
    subtasks: fc.integer({ min: 1, max: 4 }),
    poolSize: fc.integer({ min: 1, max: 4 }),
    transactionTimeoutMs: fc.constant(60_000),
  });
  fc.assert(
    fc.property(
      fc.array(fc.array(pool, { maxLength: 2 }), { minLength: 1, maxLength: 5 }),
      fc.infiniteStream(fc.boolean()),
      (attempts, choices) => {
        const everyId = new Set(attempts.flat().flatMap((each) => transactionalIdsOf(each)));
        const recordedIds = [...everyId].filter(() => choices.next().value);
        const newestCheckpoint = durableCheckpoint(
          metadataOf(5, {
            subtasks: [snapshotOf('out', 0, { committables: recordedIds.map((id) => prepared(id)) })],
          }),
        );
        const plan = planSettlement({ newestCheckpoint, ledger: ledgerAfter(...attempts), pools: [] });
        const fenced = new Set(plan.fences.map((fence) => fence.transactionalId));
        expect(plan.commits.map((commit) => commit.transactionalId)).toEqual(recordedIds);
        for (const id of everyId) expect(fenced.has(id), id).toBe(!recordedIds.includes(id));
        expect(fenced.size, 'no id twice').toBe(plan.fences.length);
      },
    ),
  );
});
