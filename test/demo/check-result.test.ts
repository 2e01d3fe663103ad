import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isEqual } from '../../src/demo/action-comparison.js';
import { checkResult } from '../../src/demo/check-result.js';
import { EventGenerator } from '../../src/demo/event-generator.js';
import { fillTopic } from '../../src/demo/fill-topic.js';
import { Oracle } from '../../src/demo/oracle.js';
import type { TriggeredAction } from '../../src/demo/triggered-action.js';
import { nodeClock } from '../../src/host/node-clock.js';
import { rangesOfTopic } from '../../src/log/partition-ranges.js';
import { appendAll, type LogOfTest, startLogOfTest } from './embedded-log-of-test.js';

const generator = new EventGenerator({ users: 100 });
const events = 3_000;

let log: LogOfTest;
let actions: TriggeredAction[];
beforeEach(async () => {
  log = await startLogOfTest();
  await fillTopic(log.client, { topic: 'events', events, generator, clock: nodeClock });
  await log.client.createTopic('actions', 4);
  const oracle = new Oracle();
  for (let i = 0; i < events; i++) oracle.add(generator.eventAt(i));
  actions = [...oracle.finish().values()].flat();
});
afterEach(() => log.close());

async function write(written: readonly TriggeredAction[]): Promise<void> {
  const records = written.map((action) => ({
    key: action.user_id,
    value: JSON.stringify(action),
    partition: undefined,
  }));
  await appendAll(log.client, 'actions', records);
}

async function check(outputFrom?: readonly number[]) {
  return checkResult(log.client, {
    input: await rangesOfTopic(log.client, 'events'),
    output: await rangesOfTopic(log.client, 'actions', outputFrom),
  });
}

describe('checkResult', () => {
  it('finds what the oracle expects in the log, and counts it', async () => {
    await write(actions);
    const { eventsIn, actionsByRule, comparison } = await check();
    expect(eventsIn).toBe(events);
    expect(isEqual(comparison)).toBe(true);
    expect(Object.values(actionsByRule).reduce((sum, count) => sum + count)).toBe(actions.length);
    expect(Math.min(...Object.values(actionsByRule))).toBeGreaterThan(0);
  });

  it('finds one action lost, and one doubled', async () => {
    await write([...actions.slice(1), actions.at(-1)!]);
    expect((await check()).comparison).toMatchObject({ missing: 1, unexpected: 1 });
  });

  it('leaves out what an earlier run wrote', async () => {
    await write(actions.slice(0, 10));
    const before = (await rangesOfTopic(log.client, 'actions')).map(({ to }) => to);
    await write(actions);
    expect(isEqual((await check(before)).comparison)).toBe(true);
  });
});
