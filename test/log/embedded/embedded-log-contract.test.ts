import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedLog } from '../../../src/log/embedded/embedded-log.js';
import { openEmbeddedLogClient } from '../../../src/log/embedded/embedded-log-client.js';
import { describeLogContract } from '../log-contract.js';

describeLogContract('the embedded log', async () => {
  const path = await mkdtemp(join(tmpdir(), 'millrace-embedded-log-'));
  const log = await EmbeddedLog.start({ path });
  return {
    openClient: async () => openEmbeddedLogClient({ ownerPort: log.connect() }),
    close: async () => {
      await log.close();
      await rm(path, { recursive: true });
    },
  };
});
