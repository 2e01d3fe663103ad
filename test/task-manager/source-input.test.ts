import { describe, expect, it } from 'vitest';
import { Watermarks } from '../../src/api/watermarks.js';
import { checkpointId, operatorUid, splitId } from '../../src/protocol/ids.js';
import { at, SourceFixture } from './source-fixture.js';

describe('A source’s watermark', () => {
  it('follows its records, at most once an interval', async () => {
    const source = new SourceFixture();
    source.arrived.push(at(100), at(101));
    expect(source.step()).toEqual(['100', '101', 'nothing-available']);
    await source.clock.advance(200);
    source.arrived.push(at(102));
    expect(source.step()).toEqual(['w100', '102', 'nothing-available']);
    source.arrived.push(at(103));
    expect(source.step()).toEqual(['103', 'nothing-available']);
  });

  it('that the checkpoint knew comes before the first record', () => {
    const source = new SourceFixture({ restoredWatermark: 500 });
    source.arrived.push(at(400));
    expect(source.step()).toEqual(['w500', '400', 'nothing-available']);
  });

  it('that was restored is in the next checkpoint, even if no record came in between', () => {
    const source = new SourceFixture({ restoredWatermark: 500 });
    expect(source.watermarkInSnapshot).toEqual({ watermark: 500 });
    source.step();
    expect(source.watermarkInSnapshot).toEqual({ watermark: 500 });
  });

  it('does not overtake results that are suspended behind the last record', async () => {
    const source = new SourceFixture();
    source.arrived.push(at(100));
    source.step();
    await source.clock.advance(200);
    source.actions.length = 0;
    source.blocksAfter.add('200');
    source.arrived.push(at(200));
    expect(source.step()).toEqual(['200', 'more-available']);
    source.output.unblock();
    expect(source.step()).toEqual(['w199', 'nothing-available']);
  });

  it('is not kept by a source without a strategy', async () => {
    const source = new SourceFixture({ strategy: Watermarks.none() });
    source.arrived.push(at(100));
    source.step();
    await source.clock.advance(1_000);
    expect(source.step()).toEqual(['nothing-available']);
  });
});

describe('A source without records', () => {
  it('is idle after the time-out, and active again with the next record, before its watermark', async () => {
    const source = new SourceFixture({ idleTimeoutMs: 1_000 });
    source.arrived.push(at(100));
    expect(source.step()).toEqual(['100', 'nothing-available']);
    source.caughtUp.add('s-0');
    await source.clock.advance(1_000);
    expect(source.step()).toEqual(['w99', 'nothing-available']);
    await source.clock.advance(400);
    expect(source.step()).toEqual(['idle', 'nothing-available']);
    source.arrived.push(at(300));
    source.step();
    await source.clock.advance(200);
    expect(source.step()).toEqual(['active', 'w299', 'nothing-available']);
  });

  it('leaves a quiet split out of the watermark, but not for time in which it was held back', async () => {
    const source = new SourceFixture({ splits: ['busy', 'quiet'], idleTimeoutMs: 1_000 });
    source.arrived.push(at(100, 'busy'), at(50, 'quiet'));
    source.caughtUp.add('quiet');
    source.step();
    await source.clock.advance(200);
    expect(source.step()).toEqual(['w49', 'nothing-available']);
    source.blocksAfter.add('200');
    source.arrived.push(at(200, 'busy'));
    source.step();
    await source.clock.advance(10_000);
    expect(source.step()).toEqual(['blocked']);
    // Backpressure ends between two looks at the time: the ten seconds still don't count.
    source.output.unblock();
    expect(source.step()).toEqual(['nothing-available']);
    await source.clock.advance(700);
    source.arrived.push(at(300, 'busy'));
    expect(source.step()).toEqual(['300', 'nothing-available']);
    await source.clock.advance(600);
    expect(source.step()).toEqual(['w299', 'nothing-available']);
  });

  it('asks for one turn at a time while it gets none', async () => {
    const source = new SourceFixture();
    await source.clock.advance(60_000);
    expect(source.actions).toHaveLength(1);
  });

  it('looks at the time no more once it is closed', async () => {
    const source = new SourceFixture();
    await source.input.close();
    await source.clock.advance(1_000);
    expect(source.actions).toEqual([]);
    expect(source.isClosed).toBe(true);
  });
});

describe('A source’s end', () => {
  it('brings the last watermark, and says so once all is out', () => {
    const source = new SourceFixture();
    source.arrived.push(at(100));
    source.hasEnded = true;
    expect(source.step()).toEqual(['100', 'max', 'end-of-input']);
  });

  it('waits for results that are suspended behind the last record', () => {
    const source = new SourceFixture();
    source.blocksAfter.add('100');
    source.arrived.push(at(100));
    source.hasEnded = true;
    expect(source.step()).toEqual(['100', 'more-available']);
    source.output.unblock();
    expect(source.step()).toEqual(['max', 'end-of-input']);
  });

  it('makes an idle source active first', async () => {
    const source = new SourceFixture({ idleTimeoutMs: 200 });
    source.caughtUp.add('s-0');
    source.step();
    await source.clock.advance(600);
    expect(source.step()).toEqual(['idle', 'nothing-available']);
    source.hasEnded = true;
    expect(source.step()).toEqual(['active', 'max', 'end-of-input']);
  });
});

describe('A source’s checkpoint', () => {
  it('is taken at the trigger and holds each split with its event time', () => {
    const source = new SourceFixture({ splits: ['a', 'b'] });
    source.arrived.push(at(70, 'b'));
    source.step();
    source.input.triggerCheckpoint(checkpointId(3), 0);
    expect(source.happened).toEqual(['checkpoint 3']);
    expect(source.input.snapshot(checkpointId(3))).toMatchObject([
      {
        operatorUid: 'events',
        subtaskIndex: 0,
        snapshot: {
          listState: [
            { splitId: 'a', watermark: {} },
            { splitId: 'b', watermark: { maxTimestamp: 70 } },
          ],
        },
      },
    ]);
  });
});

describe('A split that is found while the job runs', () => {
  const found = { splitId: splitId('late'), index: 7, state: null };
  const names = (source: SourceFixture): string[] => source.reading.map((split) => split.splitId);
  const inSnapshot = (source: SourceFixture, id: number): unknown =>
    source.input.snapshot(checkpointId(id))[0]?.snapshot.listState;

  it('is in the next checkpoint, and read once that is complete', () => {
    const source = new SourceFixture({ splits: ['a'] });
    source.input.addSplits({ operatorUid: operatorUid('events'), splits: [found] });
    expect(inSnapshot(source, 4)).toMatchObject([{ splitId: 'a' }, { splitId: 'late' }]);
    source.input.checkpointComplete(checkpointId(3));
    expect(names(source)).toEqual(['a']);
    source.input.checkpointComplete(checkpointId(4));
    expect(names(source)).toEqual(['a', 'late']);
    expect(inSnapshot(source, 5)).toMatchObject([{ splitId: 'a' }, { splitId: 'late' }]);
    source.input.checkpointComplete(checkpointId(5));
    expect(names(source)).toEqual(['a', 'late']);
  });

  it('waits for the checkpoint after one that was aborted', () => {
    const source = new SourceFixture({ splits: [] });
    source.input.addSplits({ operatorUid: operatorUid('events'), splits: [found] });
    inSnapshot(source, 4);
    source.input.checkpointAborted();
    inSnapshot(source, 5);
    source.input.checkpointComplete(checkpointId(5));
    expect(names(source)).toEqual(['late']);
  });

  it('is not read on the word of a checkpoint that was taken before it came', () => {
    const source = new SourceFixture({ splits: ['a'] });
    inSnapshot(source, 4);
    source.input.addSplits({ operatorUid: operatorUid('events'), splits: [found] });
    source.input.checkpointComplete(checkpointId(4));
    expect(names(source)).toEqual(['a']);
  });

  it('of another source is none of its business', () => {
    const source = new SourceFixture({ splits: ['a'] });
    source.input.addSplits({ operatorUid: operatorUid('others'), splits: [found] });
    expect(inSnapshot(source, 1)).toMatchObject([{ splitId: 'a' }]);
  });
});

describe('What a source puts aside', () => {
  it('comes from its record, as what it emits does', () => {
    const source = new SourceFixture();
    const split = source.input.splitOutput(splitId('s-0'));
    source.input.collect(5, 5, split, 5);
    source.input.collectSide('aside', 'unreadable', 6, split, 6);
    expect(source.origins).toEqual(['5 of split s-0, time 5', 'unreadable of split s-0, time 6']);
    expect(source.origin).toMatchObject({ split: '', position: 0 });
  });
});
