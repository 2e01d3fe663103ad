import { describe, expect, it } from 'vitest';
import { LogError } from '../../src/log/log-port.js';
import { describeFailure, MillraceError, toFailure } from '../../src/protocol/failures.js';

const options = { domain: 'outside-system', action: 'restart' } as const;

describe('describing a failure', () => {
  it('names its causes, a line each, but none that it quotes already', () => {
    const socket = new Error('ECONNRESET');
    const log = new LogError('unreachable', 'No broker answers at h:1.', { cause: socket });
    const quoting = new MillraceError(`Writing failed: ${log.message}`, { ...options, cause: log });
    expect(describeFailure(toFailure(quoting))).toBe(
      'Writing failed: No broker answers at h:1.\n  caused by: ECONNRESET',
    );
    const silent = new MillraceError('Writing failed.', { ...options, cause: log });
    expect(describeFailure(toFailure(silent))).toBe(
      'Writing failed.\n  caused by: No broker answers at h:1.\n  caused by: ECONNRESET',
    );
  });

  it('says of what class an error is that nobody wrote a sentence for', () => {
    expect(describeFailure(toFailure(new TypeError('x is not a function')))).toBe(
      'TypeError: x is not a function',
    );
  });
});
