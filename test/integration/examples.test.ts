import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it, vi } from 'vitest';
import { kafkaAvailable, startKafkaBroker } from '../kafka-broker/kafka-broker.js';
import { StateFolder } from './state-folder.js';

/** Whole processes run here, beside whatever else the machine does. */
vi.setConfig({ testTimeout: 240_000 });

const command = fileURLToPath(new URL('../../dist/examples/run-example.js', import.meta.url));

/** What it prints; @throws with all that it said when it does not end with 0. */
async function run(...args: readonly string[]): Promise<string> {
  const stateDir = new StateFolder().path;
  const { stdout } = await promisify(execFile)(process.execPath, [command, ...args, '--state-dir', stateDir]);
  return stdout;
}

const eventTrigger = /OK: all \d{4} merged events are what the oracle works out/;
const marketLag = /OK: all 71 signals are what the oracle works out/;
const partitioningLab = /OK: every event is where it should be/;

it('The examples run on the embedded log, and write what their oracles work out', async () => {
  const runs = [run('market-lag'), run('partitioning-lab', '--parallelism', '3')];
  const [lag, lab] = await Promise.all(runs);
  expect(lag).toMatch(marketLag);
  expect(lab).toMatch(partitioningLab);
  expect(await run('event-trigger', '--parallelism', '2')).toMatch(eventTrigger);
});

it.skipIf(!kafkaAvailable())('The examples run on Kafka, twice on the same topics', async () => {
  const broker = await startKafkaBroker();
  try {
    const brokers = ['--brokers', broker.brokers.join(',')];
    expect(await run('market-lag', ...brokers)).toMatch(marketLag);
    expect(await run('event-trigger', ...brokers)).toMatch(eventTrigger);
    expect(await run('partitioning-lab', ...brokers)).toMatch(partitioningLab);
    expect(await run('market-lag', ...brokers, '--parallelism', '1')).toMatch(marketLag);
  } finally {
    await broker.stop();
  }
});

it('An unknown name is answered with the names that there are', async () => {
  await expect(run('market-lead')).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/market-lag: .*\n.*partitioning-lab: /),
  });
});
