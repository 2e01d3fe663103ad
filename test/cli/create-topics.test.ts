import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createTopics } from '../../src/cli/create-topics.js';
import { nodeClock } from '../../src/host/node-clock.js';
import { EmbeddedLog } from '../../src/log/embedded/embedded-log.js';
import { openLogClient } from '../../src/log/open-log-client.js';
import { rangesOfTopic, readRanges } from '../../src/log/partition-ranges.js';

const folder = mkdtempSync(join(tmpdir(), 'millrace-create-topics-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('createTopics', () => {
  it('creates topics, fills them from files once, and refuses records of another origin', async () => {
    const file = join(folder, 'in.jsonl');
    writeFileSync(file, '{"n":1}\r\n{"n":2}\n\n{"n":3}\n');
    const log = await EmbeddedLog.start({ path: join(folder, 'log'), onFailure: () => undefined });
    const client = await openLogClient({ kind: 'embedded', ownerPort: log.connect() });
    const read = async (): Promise<string[]> => {
      const values: string[] = [];
      await readRanges(client, await rangesOfTopic(client, 'filled'), ({ bytes, valueStart, valueEnd }) => {
        values.push(bytes.toString('utf8', valueStart, valueEnd));
      });
      return values;
    };
    try {
      const topics = [
        { topic: 'empty', partitions: 3, file: undefined },
        { topic: 'filled', partitions: 1, file },
      ];
      await createTopics(client, topics, nodeClock);
      await createTopics(client, topics, nodeClock);
      expect(await client.describeTopics(['empty'])).toMatchObject([{ partitions: [0, 1, 2] }]);
      expect(await read()).toEqual(['{"n":1}', '{"n":2}', '{"n":3}']);

      writeFileSync(file, '{"n":1}\n');
      await expect(createTopics(client, topics, nodeClock)).rejects.toThrow(
        /"filled" holds 3 records, and .*in\.jsonl has 1 lines/,
      );
      const missing = [{ topic: 'filled', partitions: 1, file: join(folder, 'none') }];
      await expect(createTopics(client, missing, nodeClock)).rejects.toThrow(/none does not exist\.$/);
    } finally {
      await client.close();
      await log.close();
    }
  });
});
