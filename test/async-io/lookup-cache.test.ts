import { describe, expect, it } from 'vitest';
import { LookupCache } from '../../src/async-io/lookup-cache.js';
import { SimulatedClock } from '../../src/testing/simulated-clock.js';

const clockOf = () => new SimulatedClock({ next: () => 0 });

/** A look-up whose answers the test gives. */
function deferredLoads() {
  const loads: {
    readonly key: string;
    readonly signal: AbortSignal;
    readonly resolve: (value: string) => void;
    readonly reject: (error: Error) => void;
  }[] = [];
  const load = (key: string, signal: AbortSignal): Promise<string> =>
    new Promise((resolve, reject) => loads.push({ key, signal, resolve, reject }));
  return { loads, load };
}

describe('A look-up cache', () => {
  it('looks a key up once, also for those that ask while it does', async () => {
    const { loads, load } = deferredLoads();
    const cache = new LookupCache({ load, maximumSize: 10 }, clockOf());
    const asked = [cache.get('a'), cache.get('a'), cache.get('b')];
    expect(loads.map(({ key }) => key)).toEqual(['a', 'b']);
    for (const { key, resolve } of loads) resolve(`value of ${key}`);
    expect(await Promise.all(asked)).toEqual(['value of a', 'value of a', 'value of b']);
    expect(await cache.get('a')).toBe('value of a');
    expect(loads).toHaveLength(2);
  });

  it('forgets what is older than expireAfterWrite, from the first instant on', async () => {
    const clock = clockOf();
    let loads = 0;
    const load = async () => {
      loads += 1;
      return loads;
    };
    const cache = new LookupCache({ load, maximumSize: 10, expireAfterWrite: '1s' }, clock);
    expect(await cache.get('a')).toBe(1);
    await clock.advance(1_000);
    expect(await cache.get('a')).toBe(1);
    await clock.advance(1);
    expect(await cache.get('a')).toBe(2);
  });

  it('keeps no more than its size, and what was used last', async () => {
    const loaded: string[] = [];
    const load = async (key: string) => {
      loaded.push(key);
      return undefined;
    };
    const cache = new LookupCache<string, undefined>({ load, maximumSize: 2 }, clockOf());
    for (const key of ['a', 'b', 'a', 'c', 'a', 'b']) await cache.get(key);
    expect(loaded).toEqual(['a', 'b', 'c', 'b']);
  });

  it('keeps no error: all who wait get it, and the next asks again', async () => {
    const { loads, load } = deferredLoads();
    const cache = new LookupCache({ load, maximumSize: 10 }, clockOf());
    const asked = Promise.allSettled([cache.get('a'), cache.get('a')]);
    loads[0]!.reject(new Error('away'));
    expect((await asked).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    const again = cache.get('a');
    loads[1]!.resolve('here');
    expect(await again).toBe('here');
  });

  it('ends a look-up when the last that waits has given up, not when the first has', async () => {
    const { loads, load } = deferredLoads();
    const cache = new LookupCache({ load, maximumSize: 10 }, clockOf());
    const [first, second] = [new AbortController(), new AbortController()];
    const asked = [cache.get('a', first.signal), cache.get('a', second.signal)];
    first.abort(new Error('too late for one'));
    await expect(asked[0]).rejects.toThrow('too late for one');
    expect(loads[0]!.signal.aborted).toBe(false);
    second.abort(new Error('too late for both'));
    await expect(asked[1]).rejects.toThrow('too late for both');
    expect(loads[0]!.signal.aborted).toBe(true);

    // What comes of it all the same is nobody's; the next asks again.
    loads[0]!.resolve('late');
    const again = cache.get('a');
    expect(loads).toHaveLength(2);
    loads[1]!.resolve('new');
    expect(await again).toBe('new');
  });

  it('refuses a size that makes no sense', () => {
    const load = async () => 1;
    expect(() => new LookupCache({ load, maximumSize: 0 }, clockOf())).toThrow(
      'maximumSize of a lookupCache is 0',
    );
  });
});
