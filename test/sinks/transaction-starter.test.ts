import { expect, it } from 'vitest';
import { LogError, type LogErrorCode } from '../../src/log/log-port.js';
import type { LogTransaction } from '../../src/log/log-transactions.js';
import { TransactionPool } from '../../src/sinks/transaction-pool.js';
import { TransactionStarter } from '../../src/sinks/transaction-starter.js';

/** Begins all ids but those given, for which the log has the error of this code. */
async function startedWith(ids: readonly string[], failing: readonly string[], code: LogErrorCode) {
  const begun: string[] = [];
  const failed: string[] = [];
  const starter = new TransactionStarter({
    pool: new TransactionPool(ids, []),
    begin: async (transactionalId) => {
      begun.push(transactionalId);
      if (failing.includes(transactionalId)) throw new LogError(code, 'As the test wants.');
      return { transactionalId } as LogTransaction;
    },
    onReady: () => {},
    onFailed: (transactionalId) => failed.push(transactionalId),
  });
  starter.beginAhead();
  await new Promise(setImmediate);
  return { starter, begun, failed };
}

it('begins with another id when the log did not answer, and never with that one again', async () => {
  const { starter, begun, failed } = await startedWith(['a', 'b', 'c'], ['a'], 'begin-unanswered');
  expect(starter.take()?.transactionalId).toBe('b');
  await new Promise(setImmediate);
  expect(starter.take()?.transactionalId).toBe('c');
  expect(starter.isDry).toBe(true);
  expect(begun).toEqual(['a', 'b', 'c']);
  expect(failed).toEqual([]);
});

it('fails when the log did not answer to the last id that was free', async () => {
  const { begun, failed } = await startedWith(['a', 'b'], ['a', 'b'], 'begin-unanswered');
  expect(begun).toEqual(['a', 'b']);
  expect(failed).toEqual(['b']);
});

it('fails at once with any other error', async () => {
  const { begun, failed } = await startedWith(['a', 'b'], ['a'], 'unauthorized');
  expect(begun).toEqual(['a']);
  expect(failed).toEqual(['a']);
});
