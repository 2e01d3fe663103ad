import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SinkDriver } from './sink-driver.js';

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

async function started(poolSize?: number): Promise<SinkDriver> {
  const driver = new SinkDriver(1, poolSize);
  await driver.start();
  return driver;
}

describe('the exactly-once sink', () => {
  it('shows records only when their checkpoint is complete', async () => {
    const driver = await started();
    driver.write(3);
    driver.barrier();
    driver.write(2);
    await driver.clock.advance(1_000);
    expect(driver.committed()).toEqual([]);
    await driver.complete();
    await driver.clock.advance(1_000);
    expect(driver.committed()).toEqual(upTo(3));
  });

  it('writes the next epoch while a checkpoint waits', async () => {
    const driver = await started();
    for (let checkpoint = 0; checkpoint < 20; checkpoint++) {
      driver.write(5);
      driver.barrier();
      driver.write(5);
      await driver.complete();
      await driver.clock.advance(20);
    }
    await driver.finish(200);
    expect(driver.committed()).toEqual(upTo(200));
    expect(driver.cluster.openTransactions()).toEqual([]);
  });

  it('commits on restart what a completed checkpoint named but nobody was told of', async () => {
    const driver = await started();
    driver.write(3);
    driver.barrier();
    await driver.complete(false);
    driver.write(4);
    await driver.clock.advance(100);
    await driver.crash();
    expect(driver.position).toBe(3);
    expect(driver.committed()).toEqual(upTo(3));
    await driver.finish(5);
    expect(driver.committed()).toEqual(upTo(5));
  });

  it('aborts on restart what no completed checkpoint names, prepared or not', async () => {
    const driver = await started();
    driver.write(3);
    driver.barrier();
    driver.write(3);
    await driver.clock.advance(1_000);
    expect(driver.cluster.openTransactions()).toHaveLength(2);
    await driver.crash();
    expect(driver.cluster.openTransactions()).toEqual([]);
    await driver.finish(4);
    expect(driver.committed()).toEqual(upTo(4));
  });

  it('loses nothing to a begin of the dead attempt that arrives when the next one has prepared', async () => {
    const driver = await started();
    const begun = new Set<string>();
    driver.onRequest = (request) => {
      if (request.kind === 'begin-transaction') begun.add(request.transactionalId);
    };
    for (let i = 0; i < 10; i++) {
      driver.write(1);
      driver.barrier();
      await driver.complete();
      await driver.clock.advance(20);
    }
    const late = [...begun];
    expect(late).toHaveLength(8);
    await driver.crash();
    driver.write(3);
    driver.barrier();
    await driver.complete(false);
    for (const id of late) await driver.beginLate(id);
    await driver.crash();
    expect(driver.committed()).toEqual(upTo(13));
  });

  it('names in each acknowledgement what aborted checkpoints prepared, and commits it with the next', async () => {
    const driver = await started();
    for (let i = 0; i < 3; i++) {
      driver.write(2);
      driver.barrier();
      await driver.clock.advance(100);
      driver.abort();
    }
    driver.write(2);
    driver.barrier();
    await driver.complete(false);
    expect(driver.durable?.committables).toHaveLength(4);
    await driver.crash();
    expect(driver.committed()).toEqual(upTo(8));
  });

  it('records no transaction for an epoch without records', async () => {
    const driver = await started();
    for (let i = 0; i < 5; i++) {
      driver.barrier();
      await driver.complete();
      expect(driver.durable?.committables).toEqual([]);
    }
    driver.write(1);
    driver.barrier();
    await driver.complete();
    expect(driver.durable?.committables).toHaveLength(1);
  });

  it('takes records before its first transaction has begun', async () => {
    const driver = await started();
    driver.write(3);
    driver.barrier();
    driver.write(3);
    await driver.finish(6);
    expect(driver.committed()).toEqual(upTo(6));
  });

  it('holds its task while records wait for a transaction beyond the bound, and lets it go', async () => {
    const driver = await started();
    driver.write(9_000, 1_000);
    expect(driver.position).toBeLessThan(4_400);
    expect(driver.attempt.availability.isAvailable).toBe(false);
    expect(await driver.until(() => driver.attempt.availability.isAvailable, 10_000)).toBe(true);
    await driver.finish(driver.position);
    expect(driver.committed()).toEqual(upTo(driver.position));
  });

  it('refuses a function that emits without end into a log that takes no more', async () => {
    const driver = await started();
    const megabyte = 'x'.repeat(500_000);
    expect(() => {
      for (let i = 0; i < 1_000; i++) driver.attempt.writer.write(megabyte, 0);
    }).toThrow(/emitted more than 64 MB in one call.*Return an iterable from flatMap/);
  });

  it('makes progress with two ids alone as long as checkpoints complete', async () => {
    const driver = await started(2);
    for (let i = 0; i < 10; i++) {
      driver.write(5);
      driver.barrier();
      driver.write(5);
      expect(await driver.complete()).toBe(true);
    }
    await driver.finish(100);
    expect(driver.committed()).toEqual(upTo(100));
    expect(driver.restarts).toBe(0);
  });

  it('fails the attempt, saying what to do, when aborted checkpoints have used up its ids', async () => {
    const driver = await started(3);
    for (let i = 0; i < 5 && driver.attempt.failure === undefined; i++) {
      driver.write(1);
      driver.barrier();
      await driver.clock.advance(1_000);
      driver.abort();
    }
    expect(driver.attempt.failure).toMatchObject({ action: 'restart' });
    expect(String(driver.attempt.failure)).toMatch(/no transactional id left.*Raise its transactionPoolSize/);
    await driver.finish(9);
    expect(driver.committed()).toEqual(upTo(9));
  });

  it('fails the job when a recorded transaction is lost', async () => {
    const driver = await started();
    driver.write(3);
    driver.barrier();
    await driver.complete(false);
    const [lost] = driver.durable?.committables ?? [];
    driver.durable = undefined;
    const other = driver.attempt.client.transactions.fence(lost!.transactionalId, 1_000);
    await driver.clock.advance(1_000);
    await other;
    driver.attempt.writer.notifyCheckpointComplete(1 as never);
    await driver.clock.advance(1_000);
    expect(driver.attempt.failure).toMatchObject({ action: 'fail-job', domain: 'outside-system' });
    expect(String(driver.attempt.failure)).toMatch(/"out" lost records .*[Tt]ransaction/);
  });

  it('finishes the commits it was told of before it closes, and leaves nothing open', async () => {
    const driver = await started();
    driver.write(3);
    driver.barrier();
    await driver.complete();
    driver.write(2);
    await driver.close();
    await driver.clock.advance(100);
    expect(driver.committed()).toEqual(upTo(3));
    expect(driver.cluster.openTransactions()).toEqual([]);
  });

  it('loses and doubles nothing, and begins no recorded id, over any completes, aborts, crashes and faults', async () => {
    const action = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({ kind: fc.constant('write' as const), count: fc.integer({ min: 1, max: 9 }) }),
      },
      { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('barrier', 'complete') }) },
      {
        weight: 4,
        arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(1, 5, 50, 500) }),
      },
      { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('abort', 'crash', 'lose-notification') }) },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(action, { maxLength: 80, size: 'max' }),
        fc.integer({ min: 2, max: 6 }),
        fc.integer(),
        fc.constantFrom({}, { requestLoss: 0.1, replyLoss: 0.1, slowness: 0.1 }),
        async (actions, poolSize, seed, rates) => {
          const driver = new SinkDriver(seed, poolSize, rates);
          await driver.start();
          for (const each of actions) {
            if (each.kind === 'write') driver.write(each.count);
            else if (each.kind === 'wait') await driver.clock.advance(each.ms);
            else if (each.kind === 'barrier') driver.barrier();
            else if (each.kind === 'complete') await driver.complete();
            else if (each.kind === 'lose-notification') await driver.complete(false);
            else if (each.kind === 'abort') driver.abort();
            else await driver.crash();
            await driver.restartIfFailed();
          }
          const total = Math.max(driver.position, driver.durable?.position ?? 0) + 3;
          await driver.finish(total);
          expect(driver.committed()).toEqual(upTo(total));
          expect(driver.cluster.openTransactions()).toEqual([]);
        },
      ),
      { numRuns: 200 },
    );
  }, 60_000);
});
