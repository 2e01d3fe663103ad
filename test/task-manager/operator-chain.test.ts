import { describe, expect, it } from 'vitest';
import type { StreamNode } from '../../src/graph/stream-graph.js';
import type { StreamOperator } from '../../src/operators/stream-operator.js';
import { checkpointId, operatorUid, subtaskIndex } from '../../src/protocol/ids.js';
import { OperatorStateStore } from '../../src/state/operator-state-store.js';
import { OperatorChain } from '../../src/task-manager/operator-chain.js';

/** A chain `head -> middle -> end` that writes down who is called. */
function chainOf(overrides: Partial<Record<string, Partial<StreamOperator<unknown>>>> = {}) {
  const called: string[] = [];
  const links = ['head', 'middle', 'end'].map((name) => {
    const note = (what: string) => () => void called.push(`${name} ${what}`);
    const operator: StreamOperator<unknown> = {
      numLateRecordsDropped: 2,
      open: note('open'),
      processElement: note('element'),
      processWatermark: note('watermark'),
      processWatermarkStatus: note('status'),
      resume: () => {
        called.push(`${name} resume`);
        return true;
      },
      endInput: note('end'),
      snapshot: async () => {
        called.push(`${name} snapshot`);
        return { stateBytes: 1 };
      },
      notifyCheckpointComplete: note('complete'),
      notifyCheckpointAborted: note('aborted'),
      close: async () => void called.push(`${name} close`),
      ...overrides[name],
    };
    const operatorState = new OperatorStateStore(name);
    return { node: { uid: operatorUid(name) } as StreamNode, operator, operatorState };
  });
  return { chain: new OperatorChain({ links, edges: [], subtaskIndex: subtaskIndex(0) }), called };
}

describe('A chain of operators', () => {
  it('is opened from its end, so that what is emitted in open finds an open operator', () => {
    const { chain, called } = chainOf();
    chain.open();
    expect(called).toEqual(['end open', 'middle open', 'head open']);
  });

  it('is resumed from its end, and not further than to an operator that is still suspended', () => {
    const { chain, called } = chainOf({ middle: { resume: () => false } });
    expect(chain.resume()).toBe(false);
    expect(called).toEqual(['end resume']);
  });

  it('ends from its head, each operator once, and only when nothing behind is suspended', () => {
    let isSuspended = true;
    const { chain, called } = chainOf({ end: { resume: () => !isSuspended } });
    expect(chain.endInput()).toBe(false);
    expect(called).toEqual([]);
    isSuspended = false;
    expect(chain.endInput()).toBe(true);
    expect(called.filter((each) => each.endsWith(' end'))).toEqual(['head end', 'middle end', 'end end']);
  });

  it('goes on with its end where an operator’s last emission was suspended', () => {
    let isSuspended = false;
    const ended: string[] = [];
    const { chain } = chainOf({
      head: {
        endInput: () => {
          ended.push('head');
          isSuspended = true;
        },
        resume: () => !isSuspended,
      },
      middle: { endInput: () => void ended.push('middle') },
    });
    expect(chain.endInput()).toBe(false);
    expect(chain.endInput()).toBe(false);
    expect(ended).toEqual(['head']);
    isSuspended = false;
    expect(chain.endInput()).toBe(true);
    expect(ended).toEqual(['head', 'middle']);
  });

  it('takes every operator’s part of a checkpoint within the call', async () => {
    const { chain, called } = chainOf();
    const snapshots = chain.snapshot(checkpointId(1));
    expect(called).toEqual(['head snapshot', 'middle snapshot', 'end snapshot']);
    expect(await snapshots).toEqual(
      ['head', 'middle', 'end'].map((uid) => ({
        operatorUid: uid,
        subtaskIndex: 0,
        snapshot: { stateBytes: 1 },
      })),
    );
  });

  it('closes every operator, also when one can’t be closed, and then tells of that', async () => {
    let isEndClosed = false;
    const { chain } = chainOf({
      head: { close: () => Promise.reject(new Error('still open')) },
      end: {
        close: async () => {
          await new Promise((resolve) => setImmediate(resolve));
          isEndClosed = true;
        },
      },
    });
    await expect(chain.close()).rejects.toThrow('still open');
    expect(isEndClosed).toBe(true);
  });
});
