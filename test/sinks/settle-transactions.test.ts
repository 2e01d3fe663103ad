import { describe, expect, it } from 'vitest';
import type { Clock } from '../../src/host/clock.js';
import { type LogClient, LogError } from '../../src/log/log-port.js';
import type { PreparedTransaction } from '../../src/log/log-transactions.js';
import { settleTransactions } from '../../src/sinks/settle-transactions.js';

/** Timers fire at once, as if their time were over. */
class ImpatientClock implements Clock {
  private nowMs = 0;

  monotonicMs(): number {
    return this.nowMs;
  }

  epochMs(): number {
    return this.nowMs;
  }

  setTimer(delayMs: number, callback: () => void): () => void {
    this.nowMs += delayMs;
    setImmediate(callback);
    return () => {};
  }
}

const impatientClock = new ImpatientClock();

const fail = (failure: Error): never => {
  throw failure;
};

const recorded = (k: number): PreparedTransaction => ({
  transactionalId: `p-0-${k}`,
  producerId: '9007199254740993',
  producerEpoch: k,
});
const fence = (k: number) => ({ transactionalId: `p-0-${k}`, transactionTimeoutMs: 60_000 });

/** A log that answers to the nth request as the script says, and notes what it was asked. */
function scriptedLog(answer: (request: string, nth: number) => void) {
  const requests: string[] = [];
  const ask = async (request: string): Promise<void> => {
    requests.push(request);
    answer(request, requests.length);
  };
  const log = {
    transactions: {
      commit: (transaction: PreparedTransaction) => ask(`commit ${transaction.transactionalId}`),
      fence: (transactionalId: string, timeoutMs: number) => ask(`fence ${transactionalId} ${timeoutMs}`),
    },
  } as unknown as LogClient;
  return { log, requests };
}

describe('settling the transactions of former attempts', () => {
  it('commits what is recorded in the order given, then fences the rest', async () => {
    const { log, requests } = scriptedLog(() => {});
    await settleTransactions(
      log,
      { commits: [recorded(2), recorded(0)], fences: [fence(1), fence(3)] },
      impatientClock,
      fail,
    );
    expect(requests).toEqual(['commit p-0-2', 'commit p-0-0', 'fence p-0-1 60000', 'fence p-0-3 60000']);
  });

  it('fences every id once, however many there are', async () => {
    const { log, requests } = scriptedLog(() => {});
    await settleTransactions(
      log,
      { commits: [], fences: Array.from({ length: 50 }, (_, k) => fence(k)) },
      impatientClock,
      fail,
    );
    expect(new Set(requests).size).toBe(50);
    expect(requests).toHaveLength(50);
  });

  it('asks again while the log is out of reach, and gives up within a bound', async () => {
    const flaky = scriptedLog((_request, nth) => {
      if (nth < 4) throw new LogError('unreachable', 'No broker answers.');
    });
    await settleTransactions(flaky.log, { commits: [recorded(0)], fences: [] }, impatientClock, fail);
    expect(flaky.requests).toHaveLength(4);
    const startedMs = impatientClock.monotonicMs();
    const down = scriptedLog(() => {
      throw new LogError('unreachable', 'No broker answers at h:1.');
    });
    await expect(
      settleTransactions(down.log, { commits: [], fences: [fence(0)] }, impatientClock, fail),
    ).rejects.toMatchObject({
      action: 'restart',
      message: expect.stringMatching(/fencing transactional id p-0-0 failed: No broker answers at h:1/),
    });
    expect(down.requests.length).toBeGreaterThan(4);
    expect(impatientClock.monotonicMs() - startedMs).toBeLessThan(5_000);
  });

  it('believes a client that has tried for long by itself', async () => {
    const slow = scriptedLog(() => {
      impatientClock.setTimer(120_000, () => {});
      throw new LogError('unreachable', 'No broker answers at h:1.');
    });
    const settled = settleTransactions(slow.log, { commits: [], fences: [fence(0)] }, impatientClock, fail);
    await expect(settled).rejects.toThrow('h:1');
    expect(slow.requests).toHaveLength(1);
  });

  it('fails the job when a recorded transaction is lost, and fences nothing then', async () => {
    const { log, requests } = scriptedLog(() => {
      throw new LogError('transaction-lost', 'Transaction p-0-0 was aborted.');
    });
    const settling = settleTransactions(
      log,
      { commits: [recorded(0)], fences: [fence(1)] },
      impatientClock,
      fail,
    );
    await expect(settling).rejects.toMatchObject({
      action: 'fail-job',
      message: expect.stringMatching(/lost records .*p-0-0 was aborted/),
    });
    expect(requests).toEqual(['commit p-0-0']);
  });

  it('goes on without a lost transaction where that was chosen', async () => {
    const { log, requests } = scriptedLog((request) => {
      if (request === 'commit p-0-0')
        throw new LogError('transaction-lost', 'Transaction p-0-0 was aborted.');
    });
    const told: string[] = [];
    const plan = { commits: [recorded(0), recorded(1)], fences: [fence(2)] };
    await settleTransactions(log, plan, impatientClock, (failure) => told.push(failure.message));
    expect(told).toEqual([expect.stringContaining('p-0-0')]);
    expect(requests).toEqual(['commit p-0-0', 'commit p-0-1', 'fence p-0-2 60000']);
  });

  it('refuses a plan that would fence a recorded id before it asks anything', async () => {
    const { log, requests } = scriptedLog(() => {});
    const plan = { commits: [recorded(0)], fences: [fence(0)] };
    await expect(settleTransactions(log, plan, impatientClock, fail)).rejects.toThrow(/would fence p-0-0/);
    expect(requests).toEqual([]);
  });
});
