import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EventGenerator } from '../../src/demo/event-generator.js';
import { fillTopic } from '../../src/demo/fill-topic.js';
import { nodeClock } from '../../src/host/node-clock.js';
import { partitionForKey } from '../../src/log/default-partitioner.js';
import { rangesOfTopic, readRanges } from '../../src/log/partition-ranges.js';
import { appendAll, type LogOfTest, startLogOfTest } from './embedded-log-of-test.js';

const topic = 'user-tracking-events';
const generator = new EventGenerator({ seed: 5, users: 200 });

let log: LogOfTest;
beforeEach(async () => {
  log = await startLogOfTest();
});
afterEach(() => log.close());

function fill(events: number, signal?: AbortSignal) {
  const options = { topic, events, generator, clock: nodeClock };
  return fillTopic(log.client, signal === undefined ? options : { ...options, signal });
}

/** The values of each partition, in order. */
async function contents(): Promise<string[][]> {
  const partitions: string[][] = [[], [], [], []];
  await readRanges(log.client, await rangesOfTopic(log.client, topic), (batch) => {
    partitions[batch.partition]!.push(batch.bytes.toString('utf8', batch.valueStart, batch.valueEnd));
  });
  return partitions;
}

function expectedContents(events: number): string[][] {
  const partitions: string[][] = [[], [], [], []];
  for (let i = 0; i < events; i++) {
    const event = generator.eventAt(i);
    partitions[partitionForKey(Buffer.from(event.user_id), 4)]!.push(JSON.stringify(event));
  }
  return partitions;
}

describe('fillTopic', () => {
  it('writes each event once, to the partition that Kafka’s partitioner gives its user', async () => {
    expect(await fill(3_000)).toEqual({ alreadyThere: 0, appended: 3_000 });
    expect(await contents()).toEqual(expectedContents(3_000));
  });

  it('goes on where an earlier filling was ended, without doubling', async () => {
    const ended = await fill(30_000, AbortSignal.abort());
    expect(ended.appended).toBeGreaterThan(0);
    expect(ended.appended).toBeLessThan(30_000);
    expect(await fill(30_000)).toEqual({ alreadyThere: ended.appended, appended: 30_000 - ended.appended });
    expect(await contents()).toEqual(expectedContents(30_000));
  });

  it('goes on where partitions were filled unevenly', async () => {
    await log.client.createTopic(topic, 4);
    const expected = expectedContents(500);
    const uneven = [...expected[0]!.slice(0, 20), ...expected[2]!.slice(0, 90)];
    const records = uneven.map((value) => ({
      key: JSON.parse(value).user_id as string,
      value,
      partition: undefined,
    }));
    await appendAll(log.client, topic, records);
    expect(await fill(500)).toEqual({ alreadyThere: 110, appended: 390 });
    expect(await contents()).toEqual(expected);
  });

  it('adds nothing to a topic that holds as much or more', async () => {
    await fill(2_000);
    expect(await fill(2_000)).toEqual({ alreadyThere: 2_000, appended: 0 });
    expect(await fill(1_000)).toEqual({ alreadyThere: 1_000, appended: 0 });
    expect(await contents()).toEqual(expectedContents(2_000));
  });

  it('leaves a topic alone that holds other records, and says what to do', async () => {
    await log.client.createTopic(topic, 4);
    await appendAll(log.client, topic, [{ key: 'k', value: '{"another":"job"}', partition: 1 }]);
    await expect(fill(100)).rejects.toThrow(
      'The topic "user-tracking-events" can\'t be filled with generated events: it holds records that this generator did not write. Delete the topic, or leave out --generate.',
    );
    expect((await contents()).flat()).toHaveLength(1);
  });
});
