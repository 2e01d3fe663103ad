import { describe, expect, test } from 'vitest';
import { SimulatedClock } from './simulated-clock.js';
import { SimulatedDisk } from './simulated-files.js';
import { SimulatedRandom } from './simulated-random.js';

const bytes = (text: string) => new TextEncoder().encode(text);

describe('the simulated clock', () => {
  function orderOfSimultaneous(seed: number): Promise<number[]> {
    const clock = new SimulatedClock(new SimulatedRandom(seed));
    const fired: number[] = [];
    for (let i = 0; i < 8; i++) clock.setTimer(5, () => fired.push(i));
    return clock.advance(10).then(() => fired);
  }

  test('fires simultaneous timers in an order that depends on the seed alone', async () => {
    expect(await orderOfSimultaneous(1)).toEqual(await orderOfSimultaneous(1));
    expect(await orderOfSimultaneous(1)).not.toEqual(await orderOfSimultaneous(2));
  });

  test('fires timers in time order, lets promises settle between them, and stands at the end', async () => {
    const clock = new SimulatedClock(new SimulatedRandom(1));
    const seen: string[] = [];
    clock.setTimer(7, () => seen.push(`late at ${clock.monotonicMs()}`));
    clock.setTimer(3, () => {
      void Promise.resolve().then(() =>
        clock.setTimer(1, () => seen.push(`chained at ${clock.monotonicMs()}`)),
      );
    });
    clock.setTimer(3, () => seen.push('never'))();
    await clock.advance(20);
    expect(seen).toEqual(['chained at 4', 'late at 7']);
    expect(clock.monotonicMs()).toBe(20);
  });

  test('fires nothing of a killed process', async () => {
    const clock = new SimulatedClock(new SimulatedRandom(1));
    const process = clock.process();
    let fired = false;
    process.setTimer(1, () => {
      fired = true;
    });
    process.kill();
    await clock.advance(10);
    expect(fired).toBe(false);
  });
});

describe('the simulated disk', () => {
  async function crashDuringWrite(seed: number, method: 'writeAtomically' | 'writeNew') {
    const random = new SimulatedRandom(seed);
    const clock = new SimulatedClock(random.fork());
    const process = clock.process();
    const disk = new SimulatedDisk(random.fork());
    const files = disk.open(process);
    const before = files.writeAtomically('f/kept', bytes('kept'));
    await clock.advance(1);
    await before;
    if (method === 'writeAtomically') {
      const old = files.writeAtomically('f/x', bytes('old'));
      await clock.advance(1);
      await old;
    }
    let acknowledged = false;
    void files[method]('f/x', bytes('new!')).then(() => {
      acknowledged = true;
    });
    process.kill();
    disk.crash();
    await clock.advance(10);
    expect(acknowledged).toBe(false);
    expect(disk.read('f/kept')).toEqual(bytes('kept'));
    const found = disk.read('f/x');
    return found === undefined ? 'missing' : new TextDecoder().decode(found);
  }

  test('a crash during an atomic write leaves the old file or the new one, never a mixture', async () => {
    const found = new Set<string>();
    for (let seed = 0; seed < 40; seed++) found.add(await crashDuringWrite(seed, 'writeAtomically'));
    expect([...found].sort()).toEqual(['new!', 'old']);
  });

  test('a crash during the write of a new file may leave nothing, a torn prefix, or everything', async () => {
    const found = new Set<string>();
    for (let seed = 0; seed < 60; seed++) found.add(await crashDuringWrite(seed, 'writeNew'));
    expect(found).toContain('missing');
    expect(found).toContain('new!');
    expect([...found].some((text) => text !== 'missing' && text.length < 4)).toBe(true);
  });

  test('an acknowledged write survives every crash', async () => {
    const clock = new SimulatedClock(new SimulatedRandom(3));
    const disk = new SimulatedDisk(new SimulatedRandom(4));
    const write = disk.open(clock).writeNew('f/x', bytes('x'));
    await clock.advance(1);
    await write;
    disk.crash();
    expect(disk.list('f')).toEqual(['x']);
  });

  test('a removal may come undone, until a later write in its folder has made it durable', async () => {
    const outcomes = new Set<boolean>();
    for (let seed = 0; seed < 40; seed++) {
      const clock = new SimulatedClock(new SimulatedRandom(seed));
      const disk = new SimulatedDisk(new SimulatedRandom(seed));
      const files = disk.open(clock);
      const writes = files.writeNew('f/x', bytes('x')).then(() => files.remove('f/x'));
      await clock.advance(5);
      await writes;
      disk.crash();
      outcomes.add(disk.read('f/x') !== undefined);
      const again = files.remove('f/x').then(() => files.writeNew('f/y', bytes('y')));
      await clock.advance(5);
      await again;
      disk.crash();
      expect(disk.list('f')).toEqual(['y']);
    }
    expect(outcomes).toEqual(new Set([true, false]));
  });

  test('an injected failure says whether the outcome is known', async () => {
    const clock = new SimulatedClock(new SimulatedRandom(3));
    const disk = new SimulatedDisk(new SimulatedRandom(4));
    disk.faults = (path) => ({ kind: path === 'a' ? 'fail-before' : 'fail-unknown', delayMs: 1 });
    const files = disk.open(clock);
    const results = Promise.allSettled([
      files.writeAtomically('a', bytes('a')),
      files.writeAtomically('b', bytes('b')),
    ]);
    await clock.advance(5);
    expect(await results).toMatchObject([
      { status: 'rejected', reason: { outcome: 'not-written' } },
      { status: 'rejected', reason: { outcome: 'unknown' } },
    ]);
    expect(disk.read('a')).toBeUndefined();
  });
});

test('the simulated random numbers are uniform enough, and repeat with their seed', () => {
  const random = new SimulatedRandom(42);
  const buckets = new Array<number>(10).fill(0);
  for (let i = 0; i < 10_000; i++) {
    const bucket = Math.floor(random.next() * 10);
    buckets[bucket] = (buckets[bucket] ?? 0) + 1;
  }
  for (const count of buckets) expect(count).toBeGreaterThan(850);
  expect(new SimulatedRandom(7).uuid()).toBe(new SimulatedRandom(7).uuid());
  expect(new SimulatedRandom(7).uuid()).toMatch(
    /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/,
  );
});
