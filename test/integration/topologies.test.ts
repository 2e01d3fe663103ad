import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { groupBy } from './group-by.js';
import { MillraceProcess } from './millrace-process.js';
import { runInProcess } from './run-in-process.js';
import { StateFolder } from './state-folder.js';

/** Whole processes run here, beside whatever else the machine does. */
vi.setConfig({ testTimeout: 240_000 });

interface Placed {
  readonly value: number;
  readonly thread: number;
}

async function collected<T>(topology: string, parallelism = 2): Promise<(uid: string) => readonly T[]> {
  process.env.TEST_TOPOLOGY = topology;
  const values = await runInProcess('topologies.job.ts', parallelism);
  return (uid) => (values.get(uid) ?? []) as readonly T[];
}

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);
const ascending = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);
const valuesOf = (placed: readonly Placed[]): number[] => ascending(placed.map(({ value }) => value));

describe('On real threads', () => {
  it('a union has the elements of all its streams', async () => {
    const of = await collected<number>('union');
    const expected = [...range(1, 1_000), 97, 98].map((value) => value * 2);
    expect(ascending(of('out'))).toEqual(ascending(expected));
  });

  it('a side output has what was sent to it, and the main output the rest', async () => {
    const of = await collected<number | string>('side-output');
    expect(ascending(of('even') as number[])).toEqual(range(1, 500).map((value) => value * 2));
    const odd = range(1, 500).map((value) => `odd ${value * 2 - 1}`);
    expect([...of('odd')].sort()).toEqual(odd.sort());
  });

  it('a broadcast gives every element to every subtask', async () => {
    const byThread = groupBy((await collected<Placed>('broadcast', 3))('out'), ({ thread }) => thread);
    expect(byThread.size).toBe(3);
    for (const placed of byThread.values()) expect(valuesOf(placed)).toEqual(range(1, 100));
  });

  it('a rebalance spreads one split’s elements evenly', async () => {
    const placed = (await collected<Placed>('rebalance', 4))('out');
    expect(valuesOf(placed)).toEqual(range(1, 1_000));
    const sizes = [...groupBy(placed, ({ thread }) => thread).values()].map((each) => each.length);
    expect(sizes).toEqual([250, 250, 250, 250]);
  });

  it('operators with fewer subtasks than the job have every element once, in as many places', async () => {
    const of = await collected<Placed>('few-subtasks', 3);
    const threadsOf = (uid: string): number[] =>
      [...groupBy(of(uid), ({ thread }) => thread).values()].map((placed) => placed.length);
    for (const uid of ['alone', 'pair-out', 'global', 'shuffled']) {
      expect(valuesOf(of(uid)), uid).toEqual(range(1, 1_000));
    }
    expect(threadsOf('alone')).toEqual([1_000]);
    expect(threadsOf('global')).toEqual([1_000]);
    expect(threadsOf('pair-out')).toHaveLength(2);
    expect(Math.min(...threadsOf('shuffled'))).toBeGreaterThan(250);
    expect(threadsOf('shuffled')).toHaveLength(3);
  });

  it('a custom partitioner decides where an element goes', async () => {
    const placed = (await collected<Placed>('custom-partitioner', 3))('out');
    expect(valuesOf(placed)).toEqual(range(1, 1_000));
    const byRemainder = groupBy(placed, ({ value }) => value % 3);
    for (const each of byRemainder.values()) expect(groupBy(each, ({ thread }) => thread).size).toBe(1);
    expect(groupBy(placed, ({ thread }) => thread).size).toBe(3);
  });

  it('two streams of one key meet, connected and joined', async () => {
    const of = await collected<readonly number[]>('two-streams');
    const squares = range(0, 99).map((root) => root * root);
    for (const uid of ['connected', 'interval-joined', 'window-joined']) {
      const pairs = [...of(uid)].sort(([a], [b]) => a! - b!);
      expect(pairs, uid).toEqual(squares.map((square) => [square, square]));
    }
  });

  it('a broadcast state is the same on every thread', async () => {
    const told = (await collected<Placed>('broadcast-state', 3))('out');
    expect(told.map(({ value }) => value)).toEqual(Array.from({ length: 10 }, () => 3));
    expect(groupBy(told, ({ thread }) => thread).size).toBeGreaterThan(1);
  });

  it('windows over several splits have every element once', async () => {
    const sums = (await collected<{ key: string; start: number; sum: number }>('windows'))('out');
    const expected = new Map<string, number>();
    for (const value of range(0, 99_999)) {
      const name = `key ${value % 10} ${value - (value % 1_000)}`;
      expected.set(name, (expected.get(name) ?? 0) + value);
    }
    expect(sums).toHaveLength(expected.size);
    expect(new Map(sums.map(({ key, start, sum }) => [`${key} ${start}`, sum]))).toEqual(expected);
  });

  it.each([
    ['a flatMap’s million results of one element', 'million-results'],
    ['the results of a million timers that one watermark fires', 'million-timers'],
  ])('%s all arrive', async (_, topology) => {
    const totals = (await collected<{ count: number; sum: number }>(topology))('out');
    expect(totals).toHaveLength(8);
    expect(totals.reduce((sum, total) => sum + total.count, 0)).toBe(1_000_000);
    expect(totals.reduce((sum, total) => sum + total.sum, 0)).toBe((999_999 * 1_000_000) / 2);
  });
});

describe('The command', () => {
  it('runs the demo on more threads than cores, and on threads that partitions don’t divide evenly', async () => {
    for (const [parallelism, warning] of [
      [4, undefined],
      [3, /WARN .*4 .*3/],
    ] as const) {
      const folder = new StateFolder();
      const args = ['--parallelism', String(parallelism), '--state-dir', folder.path, '--generate', '10000'];
      const run = new MillraceProcess(args);
      await run.endsWith(0);
      expect(run.stdout).toMatch(/check +OK/);
      if (warning === undefined) expect(run.matches(/ WARN /)).toEqual([]);
      else await run.untilLine(warning);
    }
  });

  it('refuses a job that builds another graph in each thread, once', async () => {
    const folder = new StateFolder();
    const file = join(folder.outside, 'random.job.ts');
    writeFileSync(
      file,
      `import { defineJob, printSink } from 'millrace';
       export default defineJob('random', (env) => {
         env.fromSequence(1, 10).map((x) => x, { uid: 'map-' + Math.random() }).sinkTo(printSink());
       });`,
    );
    const run = new MillraceProcess(['--job', file, '--parallelism', '2', '--state-dir', folder.path]);
    await run.endsWith(1);
    const errors = run.log.filter((line) => line.includes(' ERROR '));
    expect(errors).toEqual([expect.stringMatching(/builds a different graph each time: .*map-.*constants/)]);
  });

  it('prints elements to standard output, and nothing else there', async () => {
    const folder = new StateFolder();
    const file = join(folder.outside, 'printing.job.ts');
    writeFileSync(
      file,
      `import { defineJob, printSink } from 'millrace';
       export default defineJob('printing', (env) => {
         env.fromSequence(1, 1000).map((n) => ({ n })).sinkTo(printSink());
       });`,
    );
    const run = new MillraceProcess(['--job', file, '--parallelism', '2', '--state-dir', folder.path]);
    await run.endsWith(0);
    const printed = [...run.stdout.matchAll(/(\d+)\D*\n/g)].map(([, number]) => Number(number));
    expect(ascending(printed)).toEqual(range(1, 1_000));
  });
});
