import { describe, expect, it } from 'vitest';
import { defineJob } from '../../src/api/job.js';
import { MillraceError } from '../../src/protocol/failures.js';

describe('A job whose description throws', () => {
  it('is told with its name, the error and the place, and is not restarted', () => {
    const job = defineJob('broken', () => {
      throw new TypeError('no such thing');
    });
    expect(() => job.buildGraph()).toThrow(MillraceError);
    expect(() => job.buildGraph()).toThrow(
      /The job "broken" failed while it described its streams: no such thing \(at .*job\.test\.ts:\d+:\d+\)/,
    );
  });

  it('keeps Millrace’s own sentences as they are', () => {
    const job = defineJob('empty', () => {});
    expect(() => job.buildGraph()).toThrow(/^The job "empty" can't run: it reads from no source/);
  });
});
