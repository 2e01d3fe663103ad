import { describe, expect, it } from 'vitest';
import { type LabEvent, labEvents } from '../../src/examples/partitioning-lab/lab-event.js';
import { labMistakes } from '../../src/examples/partitioning-lab/lab-oracle.js';
import { labReport, skewOf } from '../../src/examples/partitioning-lab/lab-report.js';
import job from '../../src/examples/partitioning-lab/partitioning-lab.job.js';
import type { Placement } from '../../src/examples/partitioning-lab/placement.js';
import { openJobHarness } from '../../src/testing.js';

const run = { parallelism: 4, maxParallelism: 128 };

/** murmur3_x86_32 in numbers without bounds, from its description. */
function murmur3(bytes: Uint8Array): number {
  const mask = 0xffffffffn;
  const rotated = (x: bigint, by: bigint): bigint => ((x << by) | (x >> (32n - by))) & mask;
  const scrambled = (k: bigint): bigint => (rotated((k * 0xcc9e2d51n) & mask, 15n) * 0x1b873593n) & mask;
  const word = (at: number, length: number): bigint =>
    Array.from({ length }, (_, i) => BigInt(bytes[at + i]!) << BigInt(8 * i)).reduce((a, b) => a | b, 0n);
  let hash = 0n;
  let at = 0;
  for (; at + 4 <= bytes.length; at += 4) {
    hash = (rotated(hash ^ scrambled(word(at, 4)), 13n) * 5n + 0xe6546b64n) & mask;
  }
  if (at < bytes.length) hash ^= scrambled(word(at, bytes.length - at));
  hash ^= BigInt(bytes.length);
  hash = ((hash ^ (hash >> 16n)) * 0x85ebca6bn) & mask;
  hash = ((hash ^ (hash >> 13n)) * 0xc2b2ae35n) & mask;
  return Number(hash ^ (hash >> 16n));
}

describe('The partitioning lab', () => {
  it('keeps a user on the subtask that owns the key group of the name', async () => {
    const harness = await openJobHarness(job, { parallelism: run.parallelism });
    const events = [...labEvents()].slice(0, 600);
    await harness.input<LabEvent>('events').processElements(events);
    const placements = harness.output<Placement>('placements').values;
    const keyed = placements.filter(({ partitioning }) => partitioning === 'key-by');
    expect(keyed).toHaveLength(events.length);
    for (const { user, subtask } of keyed) {
      const keyGroup = murmur3(Buffer.from(`\x40${user}\0`)) % run.maxParallelism;
      expect([user, subtask]).toEqual([user, Math.floor((keyGroup * run.parallelism) / run.maxParallelism)]);
    }
    const counts = (partitioning: string): number[] =>
      [0, 1, 2, 3].map(
        (i) => placements.filter((each) => each.partitioning === partitioning && each.subtask === i).length,
      );
    expect(counts('rebalance')).toEqual([150, 150, 150, 150]);
    expect(counts('broadcast')).toEqual([600, 600, 600, 600]);
    expect(counts('forward')).toEqual(counts('rescale'));
    await harness.close();
  });

  it('is told of an event that is lost, doubled, or in the wrong place', () => {
    const right = [...labEvents()].flatMap(({ id, user }): Placement[] =>
      [0, 1, 2, 3].map((subtask) => ({ partitioning: 'broadcast', id, user, subtask })),
    );
    const broadcastMistakes = (placements: readonly Placement[]): string[] =>
      labMistakes(placements, run).filter((mistake) => mistake.startsWith('broadcast'));
    expect(broadcastMistakes(right)).toEqual([]);
    expect(broadcastMistakes(right.slice(1))).toHaveLength(1);
    expect(broadcastMistakes([...right.slice(1), right[1]!])).toHaveLength(1);
    const misplaced = { partitioning: 'custom', id: 3, user: 'user-9', subtask: 0 } as const;
    expect(labMistakes([misplaced], run)).toContainEqual('custom: event 3 of user-9 came to subtask 0');
  });

  it('shows distribution, skew and owners', () => {
    expect([skewOf([1, 1]), skewOf([3, 1]), skewOf([0, 0])]).toEqual(['1.00', '1.50', '-']);
    const placements: Placement[] = [
      { partitioning: 'key-by', id: 0, user: 'user-0', subtask: 2 },
      { partitioning: 'key-by', id: 1, user: 'user-0', subtask: 2 },
    ];
    const report = labReport(placements, run);
    expect(report).toMatch(/^key-by +0 +0 +2 +0 +4\.00$/m);
    expect(report).toMatch(/^2 +64 to 95 +1 +2$/m);
    expect(report).toMatch(/^user-0 +2 +89 +2$/m);
  });
});
