import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { expect } from 'vitest';
import type { LogClient } from '../../src/log/log-port.js';
import type { LogTransaction, PreparedTransaction } from '../../src/log/log-transactions.js';

/** One thing that one of two clients does with one of two transactional ids. */
export type TransactionStep =
  | { readonly kind: 'begin'; readonly client: number; readonly id: number }
  | { readonly kind: 'fence'; readonly client: number; readonly id: number }
  | { readonly kind: TransactionAction; readonly client: number; readonly transaction: number };

type TransactionAction = 'append' | 'prepare' | 'abort' | 'commit';

/** Weighted so that most runs commit something. */
export const transactionSteps: fc.Arbitrary<readonly TransactionStep[]> = fc.array(
  fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constant('begin' as const), client: fc.nat(1), id: fc.nat(1) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('fence' as const), client: fc.nat(1), id: fc.nat(1) }),
    },
    { weight: 8, arbitrary: actionOn('append') },
    { weight: 6, arbitrary: actionOn('prepare') },
    { weight: 6, arbitrary: actionOn('commit') },
    { weight: 1, arbitrary: actionOn('abort') },
  ),
  { minLength: 20, maxLength: 60, size: 'max' },
);

/** On one of the last two transactions begun, counted from the last. */
function actionOn(kind: TransactionAction): fc.Arbitrary<TransactionStep> {
  return fc.record({ kind: fc.constant(kind), client: fc.nat(1), transaction: fc.nat(1) });
}

interface ModelledTransaction {
  readonly id: string;
  readonly number: number;
  readonly transaction: LogTransaction;
  state: 'open' | 'prepared' | 'committed' | 'void' | 'empty';
  prepared: PreparedTransaction | undefined;
  readonly values: string[];
  /** Its id was begun again since: a log can't tell any more that it committed it. */
  isSuperseded: boolean;
}

/**
 * Takes the steps one after another and checks each answer against a naive model.
 * Answers the values of each committed transaction, in their order: what a reader must see, and all of it.
 */
export async function checkTransactionSteps(
  steps: readonly TransactionStep[],
  clients: readonly LogClient[],
  topic: string,
): Promise<readonly (readonly string[])[]> {
  const ids = [randomUUID(), randomUUID()];
  const begun: ModelledTransaction[] = [];
  const voidOthers = (id: string) => {
    for (const each of begun) if (each.id === id && each.state !== 'committed') each.state = 'void';
  };
  for (const step of steps) {
    const client = clients[step.client] as LogClient;
    if (step.kind === 'begin') {
      const id = ids[step.id] as string;
      const transaction = await begin(client, id);
      voidOthers(id);
      for (const each of begun) if (each.id === id) each.isSuperseded = true;
      begun.push({
        id,
        number: begun.length,
        transaction,
        state: 'open',
        prepared: undefined,
        values: [],
        isSuperseded: false,
      });
    } else if (step.kind === 'fence') {
      const id = ids[step.id] as string;
      await client.transactions.fence(id, 60_000);
      voidOthers(id);
      for (const each of begun) if (each.id === id) each.isSuperseded = true;
    } else {
      const target = begun.at(-1 - step.transaction);
      if (target !== undefined) await take(step.kind, target, client, topic);
    }
  }
  return begun.filter((each) => each.state === 'committed').map((each) => each.values);
}

function begin(client: LogClient, id: string): Promise<LogTransaction> {
  return client.transactions.begin(id, {
    onWritable: () => {},
    onError: () => {},
    bufferBytes: 1_000_000,
    transactionTimeoutMs: 600_000,
  });
}

async function take(
  kind: TransactionAction,
  target: ModelledTransaction,
  client: LogClient,
  topic: string,
): Promise<void> {
  switch (kind) {
    case 'append': {
      if (target.prepared !== undefined || target.state === 'empty') return;
      const value = `${target.number}:${target.values.length}`;
      const isVoid = target.state === 'void';
      try {
        target.transaction.append({
          topic,
          partition: 0,
          key: null,
          value: Buffer.from(value),
          timestamp: 0,
        });
      } catch {
        // Its own abort or failed prepare has closed it.
        expect(isVoid).toBe(true);
        return;
      }
      const flushed = target.transaction.flush();
      if (isVoid) await expect(flushed).rejects.toMatchObject({ name: 'LogError' });
      else await flushed;
      if (!isVoid) target.values.push(value);
      return;
    }
    case 'prepare': {
      if (target.state !== 'open') return;
      target.prepared = await target.transaction.prepare();
      expect(target.prepared !== undefined).toBe(target.values.length > 0);
      target.state = target.prepared === undefined ? 'empty' : 'prepared';
      return;
    }
    case 'commit': {
      if (target.prepared === undefined || (target.state === 'committed' && target.isSuperseded)) return;
      const committed = client.transactions.commit(target.prepared);
      if (target.state === 'void') {
        await expect(committed).rejects.toMatchObject({ code: 'transaction-lost' });
      } else {
        await committed;
        target.state = 'committed';
      }
      return;
    }
    case 'abort': {
      if (target.state === 'committed') return;
      await target.transaction.abort();
      target.state = 'void';
      return;
    }
  }
}

/** Nothing lost, nothing doubled, nothing of others, and each transaction's own records in order. */
export function expectVisible(seen: readonly string[], committed: readonly (readonly string[])[]): void {
  expect([...seen].sort()).toEqual(committed.flat().sort());
  for (const values of committed) {
    const own = new Set(values);
    expect(seen.filter((value) => own.has(value))).toEqual(values);
  }
}
