import type { LogBatch, LogClient } from '../log/log-port.js';
import { type PartitionRange, readRanges } from '../log/partition-ranges.js';
import { type ActionComparison, compareActions } from './action-comparison.js';
import { Oracle } from './oracle.js';
import type { TriggeredAction, TriggerRule } from './triggered-action.js';
import type { UserTrackingEvent } from './user-tracking-event.js';

/** What was read back from the log at the end of a run, and whether it is what it should be. */
export interface ResultCheck {
  readonly eventsIn: number;
  readonly actionsByRule: Readonly<Record<TriggerRule, number>>;
  readonly comparison: ActionComparison;
}

export interface ResultRanges {
  readonly input: readonly PartitionRange[];
  readonly output: readonly PartitionRange[];
}

/** Reads a run's input again, works out what it should have written, and compares that with what it wrote. */
export async function checkResult(log: LogClient, ranges: ResultRanges): Promise<ResultCheck> {
  const oracle = new Oracle();
  let eventsIn = 0;
  await readRanges(log, ranges.input, (batch) => {
    oracle.add(jsonValue<UserTrackingEvent>(batch));
    eventsIn += 1;
  });

  const actionsByRule = { 'category-interest': 0, 'cart-abandoned': 0, 'high-value-purchase': 0 };
  const written = new Map<string, TriggeredAction[]>();
  await readRanges(log, ranges.output, (batch) => {
    const action = jsonValue<TriggeredAction>(batch);
    actionsByRule[action.rule] += 1;
    const ofUser = written.get(action.user_id);
    if (ofUser === undefined) written.set(action.user_id, [action]);
    else ofUser.push(action);
  });
  return { eventsIn, actionsByRule, comparison: compareActions(oracle.finish(), written) };
}

function jsonValue<T>(batch: LogBatch): T {
  return JSON.parse(batch.bytes.toString('utf8', batch.valueStart, batch.valueEnd)) as T;
}
