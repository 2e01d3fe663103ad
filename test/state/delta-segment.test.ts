import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nodeClock } from '../../src/host/node-clock.js';
import { checkpointId, executionAttempt, operatorUid } from '../../src/protocol/ids.js';
import { ByteWriter } from '../../src/state/byte-writer.js';
import {
  readSegment,
  type Segment,
  SegmentCursor,
  SegmentDamage,
  type SegmentHeader,
  SegmentWriter,
} from '../../src/state/delta-segment.js';
import { MergePlan } from '../../src/state/merge-plan.js';
import { SegmentIndex } from '../../src/state/segment-index.js';
import { CellExpiry } from '../../src/state/ttl/cell-expiry.js';

type Cells = ReadonlyMap<string, string | undefined>;

const header: SegmentHeader = {
  storeId: 'store',
  generation: 1,
  operatorUid: operatorUid('enrich'),
  attempt: executionAttempt(2),
  checkpointId: checkpointId(3),
};

/** With those keys marked new that `isNew` names. */
function packed(cells: Cells, isNew: (key: string) => boolean = () => false): Segment {
  const segment = new SegmentWriter(new ByteWriter(8), header);
  for (const [key, value] of cells) {
    segment.beginCell();
    segment.writer.append(Buffer.from(key));
    if (value === undefined) segment.endRemovedCell();
    else {
      segment.beginValue(isNew(key));
      segment.writer.append(Buffer.from(value));
      segment.endCell();
    }
  }
  return segment.finish();
}

function unpacked(segment: Segment): Cells {
  const cells = new Map<string, string | undefined>();
  const cursor = new SegmentCursor(segment);
  while (cursor.next()) {
    const value = cursor.removed
      ? undefined
      : cursor.bytes.toString('utf8', cursor.valueStart, cursor.valueEnd);
    cells.set(cursor.bytes.toString('utf8', cursor.keyStart, cursor.keyEnd), value);
  }
  return cells;
}

const key = fc.string({ minLength: 4, maxLength: 8, unit: fc.constantFrom('a', 'b', 'ä') });
const cellsArbitrary: fc.Arbitrary<Cells> = fc
  .array(fc.tuple(key, fc.option(fc.string(), { nil: undefined })), { maxLength: 30 })
  .map((cells) => new Map(cells));

describe('A delta segment', () => {
  it('holds the cells that were packed', () => {
    fc.assert(
      fc.property(cellsArbitrary, (cells) => {
        const segment = packed(cells);
        expect(unpacked(readSegment(segment.bytes, { ...header, crc32c: segment.crc32c }))).toEqual(cells);
      }),
    );
  });

  it('has the bytes that earlier versions wrote, and those of version 1 are read', () => {
    const cells = new Map<string, string | undefined>([
      ['key1', 'value'],
      ['key2', undefined],
    ]);
    const segment = packed(cells, (name) => name === 'key1');
    // Computed by another program.
    const json = '{"storeId":"store","generation":1,"operatorUid":"enrich","attempt":2,"checkpointId":3}';
    const file = (version: string, flag: string, crc: string): string =>
      `4d525347${version}0056${Buffer.from(json).toString('hex')}00000002` +
      `${flag}004000000056b65793176616c75650004ffffffff6b657932${crc}`;
    expect(segment.bytes.toString('hex')).toBe(file('0002', '8', 'a6cc5493'));
    const ofVersion1 = Buffer.from(file('0001', '0', '3cc928be'), 'hex');
    expect(unpacked(readSegment(ofVersion1, { ...header, crc32c: 0x3cc928be }))).toEqual(cells);
  });

  it('is refused when any of its bytes is another, or missing', () => {
    const { bytes, crc32c } = packed(new Map([['key1', 'value']]));
    for (let at = 0; at < bytes.length; at++) {
      const damaged = Buffer.from(bytes);
      damaged[at]! ^= 0x01;
      expect(() => readSegment(damaged, { ...header, crc32c })).toThrow(SegmentDamage);
      expect(() => readSegment(bytes.subarray(0, at), { ...header, crc32c })).toThrow(SegmentDamage);
    }
  });

  it.each([
    ['storeId', 'another'],
    ['generation', 2],
    ['operatorUid', 'another'],
    ['attempt', 1],
    ['checkpointId', 4],
    ['crc32c', 0],
  ])('of another %s is refused', (field, value) => {
    const { bytes, crc32c } = packed(new Map([['key1', 'value']]));
    const expected = { ...header, crc32c, [field]: value } as SegmentHeader & { crc32c: number };
    expect(() => readSegment(bytes, expected)).toThrow('is not the one that the checkpoint names');
  });
});

describe('Several segments', () => {
  const several = fc.array(cellsArbitrary, { maxLength: 5 });
  const newestOf = (all: readonly Cells[]): Cells => new Map(all.flatMap((cells) => [...cells]));

  it('are indexed by the newest cell of each key', () => {
    fc.assert(
      fc.property(several, key, (all, missing) => {
        const newest = newestOf(all);
        const index = new SegmentIndex(all.map((cells) => packed(cells)));
        while (index.addMore(3));
        expect(index.size).toBe(newest.size);
        for (const [name, value] of newest) {
          const cell = index.find(Buffer.from(name));
          expect(index.key(cell).toString()).toBe(name);
          expect(index.value(cell)?.toString()).toBe(value);
        }
        if (!newest.has(missing)) expect(index.find(Buffer.from(missing))).toBe(-1);
      }),
    );
  });

  it('are merged in the order of keys, each key once, in bounded transactions', () => {
    fc.assert(
      fc.property(several, fc.integer({ min: 1, max: 5 }), (all, cellsMax) => {
        const plan = new MergePlan(
          all.map((cells) => packed(cells)),
          0,
          new CellExpiry(nodeClock),
        );
        while (plan.collect(4));
        const changes = [];
        for (;;) {
          const batch = plan.nextBatch(cellsMax, 1_000);
          expect(batch.length).toBeLessThanOrEqual(cellsMax);
          changes.push(...batch);
          if (plan.isExhausted()) break;
        }
        const expected = [...newestOf(all)].sort(([a], [b]) =>
          Buffer.compare(Buffer.from(a), Buffer.from(b)),
        );
        expect(changes.map(({ key, value }) => [key.toString(), value?.toString()])).toEqual(expected);
      }),
    );
  });

  it('leave a base as it should be without the cells that came and went, also after merges that broke off', () => {
    const change = fc.record({
      key: fc.constantFrom('aaaa', 'aaab', 'bbbb'),
      // As many removed as written: a key that comes and goes twice takes several of each.
      value: fc.option(fc.string(), { freq: 2 }),
    });
    const step = fc.record({
      changes: fc.array(change, { maxLength: 3 }),
      merge: fc.constantFrom('none', 'none', 'none', 'broken off', 'whole'),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 4, maxLength: 20, size: 'max' }), (steps) => {
        const state = new Map<string, string>();
        const base = new Map<string, string>();
        let unmerged: Segment[] = [];
        let touched = 0;
        for (const { changes, merge } of steps) {
          const before = new Set(state.keys());
          const cells = new Map<string, string | undefined>();
          for (const { key: name, value } of changes) {
            cells.set(name, value ?? undefined);
            if (value === null) state.delete(name);
            else state.set(name, value);
          }
          unmerged.push(packed(cells, (name) => !before.has(name)));
          if (merge === 'none') continue;
          const plan = new MergePlan(unmerged, touched, new CellExpiry(nodeClock));
          while (plan.collect(4));
          touched = unmerged.length;
          do {
            for (const { key: name, value } of plan.nextBatch(1, 1_000)) {
              if (value === undefined) base.delete(name.toString());
              else base.set(name.toString(), value.toString());
            }
          } while (merge === 'whole' && !plan.isExhausted());
          if (merge === 'broken off') continue;
          expect(base).toEqual(state);
          unmerged = [];
          touched = 0;
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
