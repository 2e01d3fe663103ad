import { describe, expect, it } from 'vitest';
import { type WatermarkGenerator, Watermarks } from '../../src/index.js';
import { at, SourceFixture } from './source-fixture.js';

/** A watermark right behind each element whose time is a multiple of ten. */
const punctuated: () => WatermarkGenerator<number> = () => ({
  onEvent(event, _timestamp, output) {
    if (event % 10 === 0) output.emitWatermark(event);
  },
  onPeriodicEmit() {},
});

/** Follows the newest element at half its time. */
class AtHalfTheTime implements WatermarkGenerator<number> {
  private newest = 0;

  onEvent(event: number): void {
    this.newest = Math.max(this.newest, event);
  }

  onPeriodicEmit(output: { emitWatermark(timestamp: number): void }): void {
    output.emitWatermark(this.newest / 2);
  }
}

describe('A watermark generator of the job’s own', () => {
  it('puts a punctuated watermark right behind its element', () => {
    const source = new SourceFixture({ strategy: Watermarks.forGenerator(punctuated) });
    source.arrived.push(at(7), at(10), at(8), at(20), at(21));
    expect(source.step()).toEqual(['7', '10', 'w10', '8', '20', 'w20', '21', 'nothing-available']);
    // What the watermark sets off is no fault of the element's.
    expect(source.origins.slice(1, 4)).toEqual([
      '10 of split s-0, time 10',
      'w10 of nowhere',
      '8 of split s-0, time 8',
    ]);
  });

  it('puts it behind what the element makes and before the next element, also when the output is held up', () => {
    const source = new SourceFixture({ strategy: Watermarks.forGenerator(punctuated) });
    source.blocksAfter.add('10');
    source.arrived.push(at(10), at(11));
    expect(source.step()).toEqual(['10', 'more-available']);
    source.output.unblock();
    expect(source.step()).toEqual(['w10', '11', 'nothing-available']);
  });

  it('is asked at intervals for what follows its elements at a distance', async () => {
    const source = new SourceFixture({ strategy: Watermarks.forGenerator(() => new AtHalfTheTime()) });
    source.arrived.push(at(100), at(90));
    expect(source.step()).toEqual(['w0', '100', '90', 'nothing-available']);
    await source.clock.advance(200);
    expect(source.step()).toEqual(['w50', 'nothing-available']);
  });

  it('is one of its own for each split, and the slowest split counts', async () => {
    const source = new SourceFixture({
      splits: ['s-0', 's-1'],
      strategy: Watermarks.forGenerator(punctuated),
    });
    source.arrived.push(at(20, 's-0'), at(10, 's-1'), at(30, 's-1'));
    expect(source.step()).toEqual(['20', '10', 'w10', '30', 'w20', 'nothing-available']);
  });

  it.each([Number.MAX_SAFE_INTEGER, Number.MAX_VALUE])(
    'may say that nothing more will follow (%d)',
    (end) => {
      const endsAt = (last: number): WatermarkGenerator<number> => ({
        onEvent: (event, _timestamp, output) => output.emitWatermark(event === last ? end : event),
        onPeriodicEmit() {},
      });
      const source = new SourceFixture({
        splits: ['s-0', 's-1'],
        strategy: Watermarks.forGenerator(() => endsAt(20)),
      });
      source.arrived.push(at(20, 's-0'), at(10, 's-1'), at(20, 's-1'));
      expect(source.step()).toEqual(['20', '10', 'w10', '20', 'max', 'nothing-available']);
    },
  );

  it('begins anew after a restart, behind the watermark that it had emitted', () => {
    const before = new SourceFixture({ strategy: Watermarks.forGenerator(punctuated) });
    before.arrived.push(at(30));
    before.step();
    const [split] = before.splitsInSnapshot;
    expect(split).toMatchObject({ watermark: { watermark: 30 } });
    const after = new SourceFixture({
      strategy: Watermarks.forGenerator(punctuated),
      restored: split!,
    });
    after.arrived.push(at(20), at(40));
    expect(after.step()).toEqual(['w30', '20', '40', 'w40', 'nothing-available']);
  });

  it('fails the attempt with a sentence when it emits what is no time', () => {
    const source = new SourceFixture({
      strategy: Watermarks.forGenerator<number>(() => ({
        onEvent: (_event, _timestamp, output) => output.emitWatermark(Number.NaN),
        onPeriodicEmit() {},
      })),
    });
    source.arrived.push(at(1));
    expect(() => source.step()).toThrow('A watermark generator emitted NaN');
  });

  it.each<[string, string, WatermarkGenerator<number>]>([
    ['onEvent', '(subtask 0) threw', { onEvent: fails, onPeriodicEmit() {} }],
    ['onPeriodicEmit', '(subtask 0) threw', { onEvent() {}, onPeriodicEmit: fails }],
  ])('fails the attempt, named with its source, when %s throws', (method, where, generator) => {
    const source = new SourceFixture({ strategy: Watermarks.forGenerator(() => generator) });
    source.arrived.push(at(1));
    expect(() => source.step()).toThrow(`${method}() of the watermark generator of source "events" ${where}`);
  });

  it('and so does a timestamp function that throws', () => {
    const source = new SourceFixture({ strategy: Watermarks.monotonous(fails) });
    source.arrived.push(at(1));
    expect(() => source.step()).toThrow(
      'The timestamp function of the watermark strategy of source "events"',
    );
  });
});

function fails(): never {
  throw new RangeError('no time');
}
