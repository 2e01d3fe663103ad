import { describe, expect, it } from 'vitest';
import type {
  JsonValue,
  OperatorStateSnapshot,
  SubtaskSnapshot,
} from '../../src/checkpoint/checkpoint-metadata.js';
import { planDeployments, splitsOf } from '../../src/job-manager/slot-deployments.js';
import { metadataOf, snapshotOf } from '../checkpoint/checkpoint-fixtures.js';
import { spreadJob } from './job-manager-fixtures.js';

const split = (index: number): JsonValue => ({ splitId: `s-${index}`, index, state: { at: index * 10 } });
const ofSource = (subtask: number, ...indexes: readonly number[]): SubtaskSnapshot =>
  snapshotOf('numbers', subtask, {
    listState: indexes.map(split),
    subtaskState: { watermark: subtask },
  });

const planOf = (...subtasks: readonly SubtaskSnapshot[]) =>
  planDeployments(spreadJob(), metadataOf(1, { subtasks }));
const splitIds = (plan: ReturnType<typeof planOf>) =>
  plan.deployments.map(({ splits }) => splits.flatMap((each) => each.splits.map((one) => one.splitId)));

describe('Deployments', () => {
  it('give split i to slot i % parallelism, wherever it was read before, and whichever subtask was first', () => {
    const expected = [
      ['s-0', 's-2'],
      ['s-1', 's-3'],
    ];
    expect(splitIds(planOf(ofSource(0, 0, 1, 2, 3)))).toEqual(expected);
    expect(splitIds(planOf(ofSource(1, 3, 0), ofSource(0, 2, 1)))).toEqual(expected);
  });

  it('keep each split’s position', () => {
    const metadata = metadataOf(1, { subtasks: [ofSource(0, 1, 0)] });
    expect(splitsOf(metadata, 'numbers')).toEqual([split(0), split(1)]);
    expect(splitsOf(metadata, 'other')).toEqual([]);
  });

  it('give each slot its own subtasks’ state; a source’s splits travel apart from its watermark', () => {
    const plan = planOf(
      ofSource(0, 0),
      ofSource(1, 1),
      snapshotOf('out', 0, { listState: ['kept'] }),
      snapshotOf('out', 1),
    );
    expect(plan.deployments.map((deployment) => deployment.restored)).toEqual([
      [
        {
          operatorUid: 'numbers',
          subtaskIndex: 0,
          snapshot: { stateBytes: 10, subtaskState: { watermark: 0 } },
        },
        snapshotOf('out', 0, { listState: ['kept'] }),
      ],
      [
        {
          operatorUid: 'numbers',
          subtaskIndex: 1,
          snapshot: { stateBytes: 10, subtaskState: { watermark: 1 } },
        },
        snapshotOf('out', 1),
      ],
    ]);
    expect(plan.deployments.map((deployment) => deployment.slot)).toEqual([0, 1]);
  });

  it('give every subtask a union state whole, a new subtask too, and leave the rest with its own', () => {
    const union = (item: string): readonly OperatorStateSnapshot[] => [
      { name: 'all', mode: 'union', items: [item] },
    ];
    const subtasks = [
      snapshotOf('out', 0, { operatorState: union('a'), subtaskState: { watermark: 5 } }),
      snapshotOf('other', 0),
    ];
    const plan = planDeployments(spreadJob(), metadataOf(1, { subtasks, parallelism: 1 }));
    const both = [{ name: 'all', mode: 'union', items: ['a'] }];
    expect(plan.deployments.map(({ restored }) => restored.map(({ snapshot }) => snapshot))).toEqual([
      [
        snapshotOf('other', 0).snapshot,
        { ...snapshotOf('out', 0, { subtaskState: { watermark: 5 } }).snapshot, operatorState: both },
      ],
      [{ stateBytes: 0, operatorState: both }],
    ]);
  });

  it('warn of slots without a split, by the source’s name', () => {
    expect(planOf(ofSource(0, 0)).warnings).toEqual([
      expect.stringMatching(/^Source "numbers": 1 of 2 source subtasks have no split to read/),
    ]);
    expect(planOf(ofSource(0, 0, 1, 2, 3)).warnings).toEqual([]);
  });
});
