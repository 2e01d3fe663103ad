import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kafkaAvailable } from '../kafka-broker/kafka-broker.js';
import { sleep } from '../log/collecting-reader.js';
import { SimulatedRandom } from '../simulation/simulated-random.js';
import { KafkaDemo, newestMetadata } from './kafka-demo.js';

const events = 60_000;
const kills = 22;
/** About 4,000 events a second: all the kills together fit into the input. */
const fetchBytesPerSecond = 4_000_000;
/** One kill in four comes this soon after the start of the process: in its start, its recovery, its first records. */
const startKillMaxMs = 1_200;
/** The others come this soon after the first record: some fifteen checkpoints fit in. */
const runningKillMaxMs = 1_500;
/** A restart that waited for a transaction's time-out, of 15 minutes, would show here. */
const firstRecordMaxMs = 30_000;

const firstRecordLine = /First record processed (\d+) ms after the process started/;

describe.skipIf(!kafkaAvailable() || process.env.KAFKA_BROKERS !== undefined)('kill -9 at random', () => {
  let demo: KafkaDemo;
  beforeAll(async () => {
    demo = await KafkaDemo.start(events);
  });
  afterAll(() => demo?.stop());

  it('loses and doubles nothing on a real Kafka, however often the demo is killed', {
    timeout: 300_000,
  }, async () => {
    const seed = Number(process.env.MILLRACE_SEED ?? Date.now() % 1_000_000);
    console.log(`Seed ${seed}; MILLRACE_SEED=${seed} repeats its delays.`);
    const random = new SimulatedRandom(seed);
    const stateFolder = demo.stateFolder('random-kills');
    await demo.beginOutput();
    demo.proxy.fetchBytesPerSecond = fetchBytesPerSecond;
    for (let kill = 1; kill <= kills; kill++) {
      const run = demo.run(stateFolder);
      const isEarly = kill % 4 === 0;
      if (!isEarly) await run.untilLine(firstRecordLine, firstRecordMaxMs);
      const delayMs = Math.round(random.next() * (isEarly ? startKillMaxMs : runningKillMaxMs));
      await sleep(delayMs);
      run.kill('SIGKILL');
      expect(await run.end(), run.log.join('\n')).toEqual({ code: null, signal: 'SIGKILL' });
      const [firstRecord] = run.matches(firstRecordLine);
      console.log(
        `Kill ${kill} ${delayMs} ms after ${isEarly ? 'the start' : 'the first record'}; checkpoint ${newestMetadata(stateFolder)?.checkpointId}; first record ${firstRecord?.[1] ?? '-'} ms after the start.`,
      );
    }
    demo.proxy.fetchBytesPerSecond = undefined;
    const last = demo.run(stateFolder);
    await last.endsWith(0);
    console.log(last.stdout);
    expect(last.stdout).toContain('OK: all');
    await demo.expectOutputEqualsOracle();
    await demo.expectNoOpenTransaction();
  });
});
