import { describe, expect, it } from 'vitest';
import { createLogger } from '../../src/host/logger.js';

describe('createLogger', () => {
  it('writes plain lines at once, with time and level', () => {
    const lines: string[] = [];
    const logger = createLogger((line) => lines.push(line));
    logger.info('Ready.');
    logger.warn('Look out.');
    logger.error('Broken "here": 100%d {"a":1}\ncaused by: that');
    const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z /;
    for (const line of lines) expect(line).toMatch(time);
    expect(lines.map((line) => line.replace(time, ''))).toEqual([
      'INFO  Ready.',
      'WARN  Look out.',
      'ERROR Broken "here": 100%d {"a":1}\n  caused by: that',
    ]);
  });
});
