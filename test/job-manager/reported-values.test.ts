import { describe, expect, it } from 'vitest';
import { ReportedValues } from '../../src/job-manager/reported-values.js';
import { checkpointId, executionAttempt, operatorUid } from '../../src/protocol/ids.js';

const out = operatorUid('out');
const reported = (attempt: number, checkpoint: number, value: unknown) => ({
  attempt: executionAttempt(attempt),
  checkpointId: checkpointId(checkpoint),
  operatorUid: out,
  value,
});
const point = (attempt: number, checkpoint: number) => ({
  attempt: executionAttempt(attempt),
  checkpointId: checkpointId(checkpoint),
});

describe('Reported values', () => {
  it('are delivered, in order, with their checkpoint or a later one', () => {
    const values = new ReportedValues();
    values.report(reported(1, 1, 'a'));
    values.report(reported(1, 1, 'b'));
    values.report(reported(1, 2, 'c'));
    expect(values.delivered.get(out)).toBeUndefined();
    // Checkpoint 1 was aborted.
    values.deliverThrough(checkpointId(2));
    values.report(reported(1, 3, 'd'));
    expect(values.delivered.get(out)).toEqual(['a', 'b', 'c']);
  });

  it('wait for their own checkpoint while an earlier one completes', () => {
    const values = new ReportedValues();
    values.report(reported(1, 1, 'a'));
    values.report(reported(1, 2, 'b'));
    values.deliverThrough(checkpointId(1));
    expect(values.delivered.get(out)).toEqual(['a']);
  });

  it('are forgotten when their attempt ended before a checkpoint held them', () => {
    const values = new ReportedValues();
    values.report(reported(1, 5, 'lost'));
    values.settle(point(1, 4));
    values.report(reported(2, 6, 'again'));
    values.deliverThrough(checkpointId(6));
    expect(values.delivered.get(out)).toEqual(['again']);
  });

  it('are delivered when their checkpoint became durable after their attempt had failed', () => {
    const values = new ReportedValues();
    values.report(reported(1, 5, 'a'));
    values.report(reported(1, 6, 'again'));
    values.settle(point(1, 5));
    values.settle(point(1, 5));
    expect(values.delivered.get(out)).toEqual(['a']);
  });

  it('of an attempt are not delivered with another’s checkpoint, nor with the first of a new line', () => {
    const values = new ReportedValues();
    values.report(reported(2, 5, 'a'));
    values.settle(point(1, 9));
    values.settle(undefined);
    expect(values.delivered.size).toBe(0);
  });
});
