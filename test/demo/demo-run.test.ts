import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isEqual } from '../../src/demo/action-comparison.js';
import { demoInputTopic, demoOutputTopic, demoPartitions } from '../../src/demo/demo-input.js';
import { beginDemoRun, checkDemoRun } from '../../src/demo/demo-run.js';
import { EventGenerator } from '../../src/demo/event-generator.js';
import { fillTopic } from '../../src/demo/fill-topic.js';
import { Oracle } from '../../src/demo/oracle.js';
import { nodeClock } from '../../src/host/node-clock.js';
import { NodeFiles } from '../../src/host/node-files.js';
import { appendAll, type LogOfTest, startLogOfTest } from './embedded-log-of-test.js';

const generator = new EventGenerator({ users: 50 });
const events = 1_000;

let log: LogOfTest;
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-demo-run-'));
  log = await startLogOfTest();
  await fillTopic(log.client, { topic: demoInputTopic, events, generator, clock: nodeClock });
});
afterEach(async () => {
  await log.close();
  await rm(folder, { recursive: true });
});

/** What a job without any fault would append, or a part of it. */
async function writeActions(from: number, to?: number): Promise<void> {
  const oracle = new Oracle();
  for (let i = 0; i < events; i++) oracle.add(generator.eventAt(i));
  const actions = [...oracle.finish().values()].flat().slice(from, to);
  const records = actions.map((action) => ({
    key: action.user_id,
    value: JSON.stringify(action),
    partition: undefined,
  }));
  await appendAll(log.client, demoOutputTopic, records);
}

describe('A run of the demo', () => {
  it('creates its output topic with as many partitions as its input', async () => {
    await beginDemoRun(new NodeFiles(folder), log.client, false);
    const [description] = await log.client.describeTopics([demoOutputTopic]);
    expect(description!.partitions).toHaveLength(demoPartitions);
  });

  it('counts what it wrote before it was killed, once it goes on', async () => {
    await beginDemoRun(new NodeFiles(folder), log.client, false);
    await writeActions(0, 20);
    const run = await beginDemoRun(new NodeFiles(folder), log.client, true);
    await writeActions(20);
    const { comparison } = await checkDemoRun(log.client, run);
    expect(comparison.examples).toEqual([]);
    expect(isEqual(comparison)).toBe(true);
  });

  it('leaves out what a finished run wrote, when it starts anew', async () => {
    await beginDemoRun(new NodeFiles(folder), log.client, false);
    await writeActions(0);
    const second = await beginDemoRun(new NodeFiles(folder), log.client, false);
    await writeActions(0);
    expect(isEqual((await checkDemoRun(log.client, second)).comparison)).toBe(true);
  });
});
