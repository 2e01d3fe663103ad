import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PreparedTransaction } from '../../src/log/log-transactions.js';
import { type CheckpointId, checkpointId } from '../../src/protocol/ids.js';
import { TransactionPool } from '../../src/sinks/transaction-pool.js';

const ids = ['p-0-0', 'p-0-1', 'p-0-2'];
const chk = checkpointId;

function transaction(transactionalId: string, producerEpoch = 0): PreparedTransaction {
  return { transactionalId, producerId: '7', producerEpoch };
}

function names(pool: TransactionPool, checkpoint: CheckpointId): readonly string[] | string {
  const acknowledgement = pool.acknowledge(checkpoint);
  return acknowledgement.kind === 'acknowledged'
    ? acknowledgement.transactions.map((each) => each.transactionalId)
    : acknowledgement.kind;
}

function commitAll(pool: TransactionPool, transactions: readonly PreparedTransaction[]): void {
  for (const each of transactions) pool.committed(each.transactionalId);
}

describe('a transactional id', () => {
  it('is free again only when a later checkpoint that omits it is complete', () => {
    const pool = new TransactionPool(['only', 'other'], []);
    expect(pool.acquire()).toBe('only');
    pool.prepared(transaction('only'), chk(1));
    expect(names(pool, chk(1))).toEqual(['only']);
    expect(pool.acquire()).toBe('other');
    commitAll(pool, pool.complete(chk(1)));
    // Committed, and yet a crash now would restore checkpoint 1, which names it.
    expect(pool.acquire()).toBeUndefined();
    expect(names(pool, chk(2))).toEqual([]);
    expect(pool.acquire()).toBeUndefined();
    pool.complete(chk(2));
    expect(pool.acquire()).toBe('only');
  });

  it('stays taken over a checkpoint that named it since its commit was not known', () => {
    const pool = new TransactionPool(ids, []);
    pool.acquire();
    pool.prepared(transaction('p-0-0'), chk(1));
    names(pool, chk(1));
    const due = pool.complete(chk(1));
    expect(names(pool, chk(2))).toEqual(['p-0-0']);
    commitAll(pool, due);
    pool.complete(chk(2));
    pool.acquire();
    pool.acquire();
    expect(pool.acquire()).toBeUndefined();
    expect(names(pool, chk(3))).toEqual([]);
    pool.complete(chk(3));
    expect(pool.acquire()).toBe('p-0-0');
  });

  it('that the restored checkpoint names is not begun before another one is complete', () => {
    const pool = new TransactionPool(ids, [transaction('p-0-0'), transaction('p-0-1')]);
    expect([pool.acquire(), pool.acquire()]).toEqual(['p-0-2', undefined]);
    expect(names(pool, chk(9))).toEqual([]);
    pool.complete(chk(9));
    expect([pool.acquire(), pool.acquire(), pool.acquire()]).toEqual(['p-0-0', 'p-0-1', undefined]);
  });

  it('is given out after those that were not used for longer', () => {
    const pool = new TransactionPool(ids, []);
    for (const [i, id] of ['p-0-0', 'p-0-1', 'p-0-2', 'p-0-0', 'p-0-1'].entries()) {
      expect(pool.acquire()).toBe(id);
      pool.prepared(transaction(id), chk(i));
      pool.acknowledge(chk(i));
      commitAll(pool, pool.complete(chk(i)));
    }
  });
});

describe('an acknowledgement', () => {
  it('names what aborted checkpoints prepared, oldest first, until a later one commits it', () => {
    const pool = new TransactionPool([...ids, 'p-0-3'], []);
    for (const [i, id] of ids.entries()) {
      pool.acquire();
      pool.prepared(transaction(id), chk(i + 1));
      expect(names(pool, chk(i + 1))).toEqual(ids.slice(0, i + 1));
    }
    expect(pool.complete(chk(3)).map((each) => each.transactionalId)).toEqual(ids);
    expect(pool.complete(chk(3))).toEqual([]);
  });

  it('never names the transaction of a later epoch', () => {
    const pool = new TransactionPool(ids, []);
    pool.acquire();
    pool.acquire();
    pool.prepared(transaction('p-0-1'), chk(2));
    pool.prepared(transaction('p-0-0'), chk(1));
    expect(names(pool, chk(1))).toEqual(['p-0-0']);
    expect(pool.complete(chk(1)).map((each) => each.transactionalId)).toEqual(['p-0-0']);
  });

  it('waits for a commit rather than name every id: none would ever be free again', () => {
    const pool = new TransactionPool(['a', 'b'], []);
    pool.acquire();
    pool.prepared(transaction('a'), chk(1));
    names(pool, chk(1));
    pool.complete(chk(1));
    pool.acquire();
    pool.prepared(transaction('b'), chk(2));
    expect(names(pool, chk(2))).toBe('wait-for-commits');
    pool.committed('a');
    expect(names(pool, chk(2))).toEqual(['b']);
  });

  it('is refused when aborted checkpoints hold every id', () => {
    const pool = new TransactionPool(['a', 'b'], []);
    for (const [i, id] of ['a', 'b'].entries()) {
      pool.acquire();
      pool.prepared(transaction(id), chk(i));
    }
    expect(names(pool, chk(1))).toBe('exhausted');
  });
});

describe('the pool', () => {
  it('neither gives out nor counts an id that was abandoned', () => {
    const pool = new TransactionPool(['a', 'b', 'c'], []);
    expect(pool.acquire()).toBe('a');
    pool.abandon('a');
    expect(pool.acquire()).toBe('b');
    pool.prepared(transaction('b'), chk(1));
    expect(names(pool, chk(1))).toEqual(['b']);
    expect([pool.acquire(), pool.acquire()]).toEqual(['c', undefined]);
    pool.prepared(transaction('c'), chk(2));
    expect(names(pool, chk(2))).toBe('exhausted');
  });

  it('refuses an event that its id is not ready for', () => {
    const pool = new TransactionPool(ids, []);
    expect(() => pool.prepared(transaction('p-0-0'), chk(1))).toThrow(/can't be prepared: it is free/);
    expect(() => pool.committed('p-0-0')).toThrow(/can't be committed: it is free/);
    expect(() => pool.committed('other')).toThrow(/not of this pool/);
  });

  it('says when the restored checkpoint leaves nothing to write with', () => {
    expect(new TransactionPool(['a', 'b'], [transaction('a'), transaction('b')]).isExhaustedByRestore).toBe(
      true,
    );
    expect(new TransactionPool(['a', 'b'], [transaction('a'), transaction('z')]).isExhaustedByRestore).toBe(
      false,
    );
  });

  it('never gives out an id that a possibly durable checkpoint names, and never runs dry without aborts', () => {
    const action = fc.constantFrom('prepare', 'acknowledge', 'complete', 'abort', 'commit');
    fc.assert(
      fc.property(
        fc.array(action, { maxLength: 200, size: 'max' }),
        fc.integer({ min: 2, max: 5 }),
        (actions, poolSize) => {
          const pool = new TransactionPool(
            Array.from({ length: poolSize }, (_, k) => `id-${k}`),
            [],
          );
          let open = pool.acquire();
          let next = 1;
          let durable = new Set<string>();
          /** The checkpoint in progress: undefined names until it is acknowledged. */
          let pending: { readonly id: CheckpointId; names: Set<string> | undefined } | undefined;
          const committing: PreparedTransaction[] = [];
          let aborts = 0;
          for (const each of actions) {
            if (each === 'prepare' && pending === undefined) {
              pending = { id: chk(next++), names: undefined };
              if (open !== undefined) pool.prepared(transaction(open), pending.id);
              open = pool.acquire();
            } else if (each === 'acknowledge' && pending !== undefined && pending.names === undefined) {
              const acknowledgement = pool.acknowledge(pending.id);
              if (acknowledgement.kind === 'acknowledged') {
                pending.names = new Set(acknowledgement.transactions.map((named) => named.transactionalId));
              } else if (acknowledgement.kind === 'exhausted') {
                expect(aborts).toBeGreaterThan(0);
                return;
              } else {
                expect(committing.length).toBeGreaterThan(0);
              }
            } else if (each === 'complete' && pending?.names !== undefined) {
              durable = pending.names;
              committing.push(...pool.complete(pending.id));
              pending = undefined;
              open ??= pool.acquire();
              // The records behind the barrier can be written: without this the next barrier might never come.
              if (aborts === 0) expect(open).toBeDefined();
            } else if (each === 'abort' && pending !== undefined) {
              pending = undefined;
              aborts += 1;
            } else if (each === 'commit') {
              const committed = committing.shift();
              if (committed !== undefined) pool.committed(committed.transactionalId);
            }
            if (open !== undefined) expect([...durable, ...(pending?.names ?? [])]).not.toContain(open);
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});
