import { describe, expect, it } from 'vitest';
import { InputWatermarks } from '../../src/exchange/input-watermarks.js';
import type { StreamEvent } from '../../src/protocol/stream-elements.js';
import { wordFor } from '../task-manager/event-words.js';

/** Channels 0 and 1 feed the first input, 2 and 3 the second. */
const twoInputs = (): InputWatermarks => new InputWatermarks([0, 0, 1, 1]);

type Move =
  | readonly ['watermark', number, number]
  | readonly ['idle' | 'active', number]
  | readonly ['end', number];

function told(watermarks: InputWatermarks, ...moves: readonly Move[]): string[] {
  return moves.flatMap((move) => eventsOf(watermarks, move).map(wordFor));
}

function eventsOf(watermarks: InputWatermarks, move: Move): readonly StreamEvent[] {
  switch (move[0]) {
    case 'watermark':
      return watermarks.onWatermark(move[1], move[2]);
    case 'idle':
    case 'active':
      return watermarks.onWatermarkStatus(move[1], move[0] === 'idle');
    case 'end':
      return watermarks.onEndOfInput(move[1]);
  }
}

describe('The watermark of two inputs', () => {
  it('is the smaller of theirs, each the minimum of its channels', () => {
    const moves: Move[] = [
      ['watermark', 0, 10],
      ['watermark', 1, 8],
      ['watermark', 2, 7],
      ['watermark', 3, 20],
      ['watermark', 2, 30],
      ['watermark', 1, 15],
    ];
    expect(told(twoInputs(), ...moves)).toEqual(['watermark 7', 'watermark 8', 'watermark 10']);
  });

  it('does not wait for an input that is idle in all its channels', () => {
    const watermarks = twoInputs();
    expect(told(watermarks, ['watermark', 0, 10], ['watermark', 1, 10], ['idle', 2])).toEqual([]);
    expect(told(watermarks, ['idle', 3])).toEqual(['watermark 10']);
  });

  it('waits at once for an input that is active again, however far behind, and never goes back', () => {
    const watermarks = new InputWatermarks([0, 1]);
    expect(told(watermarks, ['watermark', 1, 10], ['idle', 1], ['watermark', 0, 50])).toEqual([
      'watermark 50',
    ]);
    expect(told(watermarks, ['active', 1], ['watermark', 0, 60], ['watermark', 1, 40])).toEqual([]);
    expect(told(watermarks, ['watermark', 1, 55], ['watermark', 1, 70])).toEqual([
      'watermark 55',
      'watermark 60',
    ]);
  });

  it('is idle when both are, and active again with one of them', () => {
    const watermarks = new InputWatermarks([0, 1]);
    const before: Move[] = [
      ['watermark', 0, 9],
      ['watermark', 1, 4],
      ['idle', 1],
    ];
    expect(told(watermarks, ...before)).toEqual(['watermark 4', 'watermark 9']);
    expect(told(watermarks, ['idle', 0])).toEqual(['idle']);
    expect(told(watermarks, ['active', 1], ['watermark', 1, 12])).toEqual(['active', 'watermark 12']);
  });

  it('no longer waits for an input that has ended', () => {
    const watermarks = twoInputs();
    const before: Move[] = [
      ['watermark', 0, 9],
      ['watermark', 1, 9],
      ['watermark', 2, 4],
      ['watermark', 3, 4],
      ['end', 2],
    ];
    expect(told(watermarks, ...before)).toEqual(['watermark 4']);
    expect(told(watermarks, ['end', 3])).toEqual(['watermark 9']);
    expect(told(watermarks, ['end', 0], ['end', 1])).toEqual([]);
  });
});
