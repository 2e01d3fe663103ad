import { describe, expect, it } from 'vitest';
import { noOrigin } from '../../src/exchange/record-origin.js';
import { failureAtRecord } from '../../src/operators/failure-at-record.js';
import { type FailureDomain, MillraceError } from '../../src/protocol/failures.js';

const origin = { split: 'topic t, partition 0, offset', position: 2 };
const cause = new RangeError('no a2');

function failureOf(domain: FailureDomain): MillraceError {
  const said = 'The map function of operator "map" (subtask 0) threw.';
  return new MillraceError(said, { domain, action: 'fail-job', cause });
}

describe('An error at a record', () => {
  it('names the record, and keeps its cause, domain, action and stack', () => {
    const failure = failureOf('user-code');
    expect(failureAtRecord(failure, origin)).toMatchObject({
      message:
        'The map function of operator "map" (subtask 0) threw. The record is at topic t, partition 0, offset 2.',
      domain: 'user-code',
      action: 'fail-job',
      cause,
      stack: failure.stack,
    });
  });

  it('is a sentence of its own behind one that a user has not ended', () => {
    const failure = new MillraceError('Sink "out" can\'t make a record of an element: no key', {
      domain: 'user-code',
      action: 'restart',
    });
    expect(failureAtRecord(failure, origin)).toMatchObject({
      message: expect.stringMatching(/an element: no key\. The record is at topic t,/),
    });
  });

  it.each([
    ['at none', failureOf('user-code'), noOrigin],
    ['of a system outside, which no record has caused', failureOf('outside-system'), origin],
    ['that no operator has named', cause, origin],
  ])('%s stays as it is', (_what, failure, at) => {
    expect(failureAtRecord(failure, at)).toBe(failure);
  });
});
