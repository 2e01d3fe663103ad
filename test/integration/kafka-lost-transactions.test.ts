import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TriggeredAction } from '../../src/demo/triggered-action.js';
import { createKafkaLogClient } from '../../src/log/kafka/kafka-log-client.js';
import type { PreparedTransaction } from '../../src/log/log-transactions.js';
import { kafkaAvailable } from '../kafka-broker/kafka-broker.js';
import { KafkaDemo, newestMetadata, recordedTransactions } from './kafka-demo.js';
import type { MillraceProcess } from './millrace-process.js';

const events = 20_000;
/** About 2,000 events a second: a run lasts ten seconds, some thirty checkpoints. */
const fetchBytesPerSecond = 2_000_000;

describe.skipIf(!kafkaAvailable() || process.env.KAFKA_BROKERS !== undefined)(
  'somebody else in the same transactions',
  () => {
    let demo: KafkaDemo;
    beforeAll(async () => {
      demo = await KafkaDemo.start(events);
    });
    afterAll(() => demo?.stop());

    it('a prepared transaction aborted by others fails the restart, and says which it was', {
      timeout: 60_000,
    }, async () => {
      const stateFolder = demo.stateFolder('aborted');
      await demo.beginOutput();
      const lost = await killBeforeCommit(demo, stateFolder);
      await fence(lost.transactionalId);

      const { transactionalId, producerId, producerEpoch } = lost;
      const named = new RegExp(
        `lost records .*Transaction ${transactionalId} \\(producer ${producerId}, epoch ${producerEpoch}\\) can't be committed`,
      );
      const restarted = demo.run(stateFolder);
      await restarted.endsWith(1);
      expect(restarted.log.join('\n')).toMatch(named);
      // Nothing ran, and nothing makes the next start forget it.
      expect(restarted.matches(/Attempt \d+ begins/)).toEqual([]);
      const again = demo.run(stateFolder);
      await again.endsWith(1);
      expect(again.log.join('\n')).toMatch(named);

      // Told once more, and then everything is written again.
      const fresh = demo.run(stateFolder, ['--fresh']);
      await fresh.endsWith(0);
      expect(fresh.log.join('\n')).toMatch(named);
      expect(fresh.stdout).toContain('OK: all');
    });

    it('of two processes with one prefix, one ends and says why; the other finishes, and neither output is mixed up', {
      timeout: 120_000,
    }, async () => {
      await demo.beginOutput();
      demo.proxy.fetchBytesPerSecond = fetchBytesPerSecond;
      const first = demo.run(demo.stateFolder('first'));
      await first.untilLine(/First record processed/);
      await untilSome(() => recordedTransactions(demo.stateFolder('first')));
      const second = demo.run(demo.stateFolder('second'));
      await Promise.race([first.end(), second.end()]);
      demo.proxy.fetchBytesPerSecond = undefined;
      const ends = await Promise.all([endOf(first), endOf(second)]);

      const said = `${first.log.join('\n')}\n\n${second.log.join('\n')}`;
      expect(ends.sort(), said).toEqual([0, 1]);
      const dead = first.matches(/The job failed/).length > 0 ? first : second;
      expect(dead.log.join('\n')).toMatch(
        // At its next write, or at its next commit: whichever comes first.
        /(Transactional id|lost records .*Transaction) event-trigger-\d-\d+ .*transactionalIdPrefix/,
      );
      const written = await demo.readOutput();
      for (const [userId, expected] of demo.expected) {
        expectAllAndABeginning(written.get(userId) ?? [], expected);
      }
      await demo.expectNoOpenTransaction();
    });

    async function fence(transactionalId: string): Promise<void> {
      const client = createKafkaLogClient({ brokers: demo.broker.brokers });
      await client.transactions.fence(transactionalId, 60_000);
      await client.close();
    }
  },
);

/** Kills the demo when a checkpoint is durable and none of its transactions is committed; gives one of them. */
async function killBeforeCommit(demo: KafkaDemo, stateFolder: string): Promise<PreparedTransaction> {
  let commits = 0;
  let lost: PreparedTransaction | undefined;
  demo.proxy.fetchBytesPerSecond = fetchBytesPerSecond;
  demo.proxy.onPassing = ({ part, request }) => {
    if (part === 'answer' || request.commits === undefined) return 'forward';
    commits += 1;
    if (commits < 4) return 'forward';
    lost ??= request.commits;
    run.kill('SIGKILL');
    return 'swallow';
  };
  const run = demo.run(stateFolder);
  await run.end();
  demo.proxy.onPassing = () => 'forward';
  demo.proxy.fetchBytesPerSecond = undefined;
  if (lost === undefined) throw new Error(`It never committed:\n${run.log.join('\n')}`);
  expect(newestMetadata(stateFolder)?.isFinal).toBe(false);
  return lost;
}

async function endOf(run: MillraceProcess): Promise<number | null> {
  return (await run.end()).code;
}

async function untilSome(look: () => readonly unknown[]): Promise<void> {
  while (look().length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
}

/**
 * One process wrote all of a user's actions, the other those of its completed checkpoints: the first ones.
 * Each of them in order, however they lie between each other.
 */
function expectAllAndABeginning(
  written: readonly TriggeredAction[],
  expected: readonly TriggeredAction[],
): void {
  const firsts: TriggeredAction[] = [];
  const seconds: TriggeredAction[] = [];
  for (const action of written) {
    const isSecond = firsts.some(({ action_id }) => action_id === action.action_id);
    (isSecond ? seconds : firsts).push(action);
  }
  expect(firsts).toEqual(expected);
  expect(seconds).toEqual(expected.slice(0, seconds.length));
}
