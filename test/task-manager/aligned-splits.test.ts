import { describe, expect, it } from 'vitest';
import { Watermarks } from '../../src/api/watermarks.js';
import { operatorUid } from '../../src/protocol/ids.js';
import { MAX_WATERMARK, MIN_WATERMARK } from '../../src/protocol/stream-elements.js';
import { at, SourceFixture } from './source-fixture.js';

const events = operatorUid('events');
const aligned = () => Watermarks.monotonous<number>().withWatermarkAlignment('group', 10, 1_000);

describe('A source whose watermarks are aligned', () => {
  it('tells its watermark at its first step, with its first watermark, and then at intervals', async () => {
    const source = new SourceFixture({ strategy: aligned() });
    expect(source.reported).toEqual([]);
    source.step();
    source.arrived.push(at(101));
    source.step();
    expect(source.reported).toEqual([MIN_WATERMARK, 100]);
    source.input.limitWatermark(events, 200);
    source.arrived.push(at(151));
    source.step();
    await source.clock.advance(1_000);
    expect(source.reported).toEqual([MIN_WATERMARK, 100, 150]);
  });

  it('tells its watermark at intervals also when its first step comes late', async () => {
    const source = new SourceFixture({ strategy: aligned() });
    await source.clock.advance(500);
    source.arrived.push(at(101));
    source.step();
    await source.clock.advance(1_000);
    expect(source.reported).toEqual([MIN_WATERMARK, 100, 100]);
  });

  it('waits for its first answer behind its first step', () => {
    const source = new SourceFixture({ strategy: aligned() });
    source.arrived.push(at(100));
    expect(source.step()).toEqual(['100', 'nothing-available']);
    source.arrived.push(at(101));
    expect(source.step()).toEqual(['nothing-available']);
    source.input.limitWatermark(events, MIN_WATERMARK + 10);
    expect(source.step()).toEqual(['nothing-available']);
    source.input.limitWatermark(events, MAX_WATERMARK);
    expect(source.step()).toEqual(['101', 'nothing-available']);
  });

  it('waits when all of its splits are beyond the limit, and goes on when that has moved', () => {
    const source = new SourceFixture({ strategy: aligned(), splits: ['s-0', 's-1'] });
    source.arrived.push(at(100, 's-0'), at(120, 's-1'));
    source.step();
    source.arrived.push(at(130, 's-0'));
    source.input.limitWatermark(events, 110);
    expect(source.step()).toEqual(['130', 'nothing-available']);
    source.arrived.push(at(131, 's-0'));
    expect(source.step()).toEqual(['nothing-available']);
    source.input.limitWatermark(events, 125);
    expect(source.wakes).toBe(2);
    expect(source.step()).toEqual(['131', 'nothing-available']);
  });

  it('does not heed the limit of another source, nor one that comes after its end', () => {
    const source = new SourceFixture({ strategy: aligned() });
    source.input.limitWatermark(events, MAX_WATERMARK);
    source.arrived.push(at(100));
    source.step();
    source.input.limitWatermark(operatorUid('others'), 0);
    source.arrived.push(at(101));
    expect(source.step()).toEqual(['101', 'nothing-available']);
    source.hasEnded = true;
    expect(source.step()).toEqual(['max', 'end-of-input']);
    source.input.limitWatermark(events, 0);
    expect(source.step()).toContain('end-of-input');
    expect(source.reported.at(-1)).toBe(MAX_WATERMARK);
  });
});
