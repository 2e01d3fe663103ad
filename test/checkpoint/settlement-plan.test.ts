import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type AttemptLedger,
  beginAttempt,
  markSettled,
  type TransactionalIdPool,
} from '../../src/checkpoint/attempt-ledger.js';
import { durableCheckpoint } from '../../src/checkpoint/durable-checkpoint.js';
import { planSettlement } from '../../src/checkpoint/settlement-plan.js';
import { transactionalIdsOfAttempt } from '../../src/log/transactional-id.js';
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
      snapshotOf('out', 0, { committables: [prepared('out-0-3', 3), prepared('out-0-1', 8)] }),
      snapshotOf('out', 1, { committables: [prepared('out-1-1', 2)] }),
    ],
  }),
);

test('what the newest checkpoint records is committed oldest first, and the other ids of its attempt are fenced', () => {
  const plan = planSettlement({
    newestCheckpoint: recorded,
    ledger: ledgerAfter([poolOf('out', 2, 3)]),
    pools: [],
  });
  expect(plan.commits).toEqual([prepared('out-0-3', 3), prepared('out-0-1', 8), prepared('out-1-1', 2)]);
  expect(plan.fences.map((fence) => fence.transactionalId)).toEqual(['out-0-5', 'out-1-3', 'out-1-5']);
});

test('ids of earlier attempts with more subtasks, larger pools or other prefixes are fenced too', () => {
  const ledger = ledgerAfter([poolOf('old', 1, 1), poolOf('out', 3, 1)], [poolOf('out', 1, 2)]);
  const plan = planSettlement({ newestCheckpoint: undefined, ledger, pools: [] });
  expect(plan.fences.map((fence) => fence.transactionalId)).toEqual(
    expect.arrayContaining(['old-0-0', 'out-0-0', 'out-1-0', 'out-2-0', 'out-0-2']),
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
    { transactionalId: 'out-0-2', transactionTimeoutMs: 60_000 },
    { transactionalId: 'out-0-3', transactionTimeoutMs: 60_000 },
  ]);
});

test('what is known to be committed is not committed again, and its ids are not fenced either', () => {
  const ledger = markSettled(ledgerAfter([poolOf('out', 2, 2)]), checkpointId(5));
  const plan = planSettlement({ newestCheckpoint: recorded, ledger, pools: [] });
  expect(plan.commits).toEqual([]);
  expect(plan.fences.map((fence) => fence.transactionalId)).toEqual(['out-1-3']);
});

test('a later checkpoint than the settled one is committed', () => {
  const ledger = markSettled(ledgerAfter([poolOf('out', 2, 2)]), checkpointId(4));
  expect(planSettlement({ newestCheckpoint: recorded, ledger, pools: [] }).commits).toHaveLength(3);
});

test('over any history, what an attempt left open is committed or fenced before the next one, by nothing that the next one begins', () => {
  const pool = fc.record({
    transactionalIdPrefix: fc.constantFrom('a', 'b', 'a-0'),
    subtasks: fc.integer({ min: 1, max: 4 }),
    poolSize: fc.integer({ min: 1, max: 4 }),
    transactionTimeoutMs: fc.constant(60_000),
  });
  fc.assert(
    fc.property(
      fc.array(fc.array(pool, { maxLength: 2 }), { minLength: 1, maxLength: 6 }),
      fc.infiniteStream(fc.boolean()),
      (attempts, choices) => {
        const chosen = (ids: readonly string[]) => ids.filter(() => choices.next().value);
        let recordedIds: readonly string[] = [];
        let openIds: readonly string[] = [];
        for (let count = 0; count <= attempts.length; count += 1) {
          const begun = attempts.slice(0, count);
          const newestCheckpoint = durableCheckpoint(
            metadataOf(5, {
              subtasks: [snapshotOf('out', 0, { committables: recordedIds.map((id) => prepared(id)) })],
            }),
          );
          const ledger = begun.length === 0 ? undefined : ledgerAfter(...begun);
          const pools = attempts[count] ?? [];
          const plan = planSettlement({ newestCheckpoint, ledger, pools });
          const fenced = plan.fences.map((fence) => fence.transactionalId);
          expect(plan.commits.map((commit) => commit.transactionalId)).toEqual(recordedIds);
          expect(new Set(fenced).size, 'no id twice').toBe(fenced.length);
          for (const id of recordedIds) expect(fenced).not.toContain(id);
          for (const id of openIds) expect([...fenced, ...recordedIds]).toContain(id);
          const next = idsOfAttempt(pools, count + 1);
          if (pools.every((each) => isWithin(each, begun.flat()))) {
            for (const id of next) expect(fenced).not.toContain(id);
          }
          const free = next.filter((id) => !recordedIds.includes(id));
          openIds = chosen(free);
          const preparedIds = chosen(openIds);
          // Any checkpoint that the attempt completes omits what the restored one recorded.
          if (choices.next().value) recordedIds = preparedIds;
        }
      },
    ),
  );
});

function idsOfAttempt(pools: readonly TransactionalIdPool[], attempt: number): readonly string[] {
  const ids = pools.flatMap((pool) =>
    Array.from({ length: pool.subtasks }, (_, subtaskIndex) =>
      transactionalIdsOfAttempt({ ...pool, subtaskIndex }, attempt),
    ).flat(),
  );
  return [...new Set(ids)];
}

/** Whether earlier attempts had each of the pool's ids on record. */
function isWithin(pool: TransactionalIdPool, former: readonly TransactionalIdPool[]): boolean {
  const same = former.filter((each) => each.transactionalIdPrefix === pool.transactionalIdPrefix);
  return (
    pool.subtasks <= Math.max(...same.map((each) => each.subtasks)) &&
    pool.poolSize <= Math.max(...same.map((each) => each.poolSize))
  );
}
