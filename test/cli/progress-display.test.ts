import { describe, expect, it } from 'vitest';
import { ProgressDisplay } from '../../src/cli/progress-display.js';
import type { JobProgress } from '../../src/cli/progress-line.js';
import type { Clock } from '../../src/host/clock.js';

/** Back to the line's beginning, and clear it. */
const clear = '\r\u001b[2K';

const progress = (recordsIn: number): JobProgress => ({
  state: 'RUNNING',
  recordsIn,
  recordsOut: 0,
  inPerSecond: 0,
  outPerSecond: 0,
  pendingRecords: 0,
  restarts: 0,
});

function setUp(isTTY: boolean, columns = 200) {
  const written: string[] = [];
  const logged: string[] = [];
  let now = 0;
  const clock: Clock = { epochMs: () => now, monotonicMs: () => now, setTimer: () => () => undefined };
  const output = { isTTY, columns, write: (text: string) => void written.push(text) };
  const display = new ProgressDisplay(output, clock, (line) => logged.push(line));
  return {
    display,
    written,
    logged,
    passMs: (ms: number) => {
      now += ms;
    },
  };
}

describe('ProgressDisplay', () => {
  it('redraws one line on a terminal, and puts log lines above it', () => {
    const { display, written, passMs } = setUp(true);
    display.writeLine('before');
    display.show(progress(1));
    display.writeLine('a log line');
    passMs(1_000);
    display.show(progress(2));
    display.end();
    display.writeLine('after');
    expect(written[0]).toBe('before\n');
    expect(written[1]).toContain(`${clear}RUNNING · in 1 `);
    expect(written[2]).toContain(`${clear}a log line\nRUNNING · in 1 `);
    expect(written[3]).toContain(`${clear}RUNNING · in 2 `);
    expect(written.slice(4)).toEqual([clear, 'after\n']);
  });

  it('never draws more than the terminal is wide', () => {
    const { display, written } = setUp(true, 20);
    display.show(progress(1));
    expect(written[0]!.replace(clear, '').length).toBeLessThan(20);
  });

  it('logs a line every few seconds elsewhere', () => {
    const { display, written, logged, passMs } = setUp(false);
    for (let second = 0; second <= 10; second++) {
      display.show(progress(second));
      passMs(1_000);
    }
    expect(logged.map((line) => /in (\d+)/.exec(line)![1])).toEqual(['0', '5', '10']);
    expect(written).toEqual([]);
  });
});
