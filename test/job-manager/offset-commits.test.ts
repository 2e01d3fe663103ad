import { describe, expect, it } from 'vitest';
import type { SourceNode } from '../../src/graph/stream-graph.js';
import { OffsetCommits } from '../../src/job-manager/offset-commits.js';
import { operatorUid } from '../../src/protocol/ids.js';
import { metadataOf, snapshotOf } from '../checkpoint/checkpoint-fixtures.js';

/** Commits that end when the test says so. */
class CommittingSource {
  readonly committed: unknown[] = [];
  private readonly ends: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = [];
  readonly commits: OffsetCommits;

  constructor() {
    const node = {
      uid: operatorUid('events'),
      source: {
        onCheckpointComplete: (_context: unknown, splits: readonly unknown[]) => {
          this.committed.push(splits);
          return new Promise<void>((resolve, reject) => this.ends.push({ resolve, reject }));
        },
      },
    };
    this.commits = new OffsetCommits([node as unknown as SourceNode], {
      log: () => Promise.reject(new Error('There is no log.')),
    });
  }

  complete(id: number): void {
    const listState = [{ index: 0, state: id }];
    this.commits.commit(metadataOf(id, { subtasks: [snapshotOf('events', 0, { listState })] }));
  }

  async end(error?: Error): Promise<void> {
    const end = this.ends.shift();
    if (error === undefined) end?.resolve();
    else end?.reject(error);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const positions = (id: number) => [{ index: 0, state: id }];

describe('Offsets of completed checkpoints', () => {
  it('are committed one checkpoint at a time, and only the newest waits', async () => {
    const source = new CommittingSource();
    for (const id of [1, 2, 3]) source.complete(id);
    expect(source.committed).toEqual([positions(1)]);
    await source.end();
    expect(source.committed).toEqual([positions(1), positions(3)]);
    await source.end();
    await source.commits.idle();
    expect(source.commits.commitsSucceeded).toBe(2);
  });

  it('that can’t be committed are only counted, and later ones are tried', async () => {
    const source = new CommittingSource();
    source.complete(1);
    await source.end(new Error('the group is not empty'));
    source.complete(2);
    await source.end();
    expect(source.commits.commitsFailed).toBe(1);
    expect(source.commits.commitsSucceeded).toBe(1);
  });

  it('are idle only when nothing is under way', async () => {
    const source = new CommittingSource();
    let isIdle = false;
    source.complete(1);
    void source.commits.idle().then(() => {
      isIdle = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(isIdle).toBe(false);
    await source.end();
    expect(isIdle).toBe(true);
  });

  it('are nothing to a source that keeps none', async () => {
    const node = { uid: operatorUid('numbers'), source: {} };
    const commits = new OffsetCommits([node as unknown as SourceNode], {
      log: () => Promise.reject(new Error('There is no log.')),
    });
    commits.commit(metadataOf(1));
    await commits.idle();
    expect(commits.commitsSucceeded).toBe(0);
  });
});
