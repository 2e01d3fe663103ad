import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type KafkaBroker, kafkaAvailable, startKafkaBroker } from '../kafka-broker/kafka-broker.js';
import { sleep } from '../log/collecting-reader.js';
import { KafkaProxy } from './kafka-proxy.js';
import type { MillraceProcess } from './millrace-process.js';
import { requestTimeoutMs, TallyFeed } from './tally-feed.js';

const outageMs = 30_000;
/** Numbers that need no broker: without backpressure their tallies would take 160 MB of memory in the outage. */
const generated = { count: 24_000, perSecond: 2_000, paddingBytes: 8_192 };
/** Of two sink subtasks 12 MB each, of the exchange before them 1 MB a channel, and what a collector leaves lying. */
const outageMemoryMaxMb = 96;
const memorySampleMs = 1_000;
/** Its threads and its commit of offsets are given seconds to end; requests are tried for two minutes. */
const cancelMaxMs = 40_000;
/** For what a busy machine takes to notice. */
const slackMs = 10_000;

describe.skipIf(!kafkaAvailable() || process.env.KAFKA_BROKERS !== undefined)(
  'a job whose broker goes away and comes back',
  () => {
    let broker: KafkaBroker;
    let proxy: KafkaProxy;

    beforeAll(async () => {
      proxy = await KafkaProxy.listen();
      broker = await startKafkaBroker({ proxyPort: proxy.port });
      proxy.forwardTo(broker.proxiedAddress ?? '');
    });
    afterAll(async () => {
      await proxy?.close();
      await broker?.stop();
    });

    it('waits within bounds of memory and goes on without a restart, also where nobody closes its connections', {
      timeout: 300_000,
    }, async () => {
      const feed = await TallyFeed.create(broker, { name: 'outage', fed: 36_000, perSecond: 200, generated });
      const written = feed.write();
      const run = feed.run([proxy.address]);
      await run.untilLine(/First record processed/);
      await sleep(1_000);

      const memory = sampleMemory(run);
      await broker.kill();
      await sleep(outageMs);
      const { beforeMb, mostMb } = memory.end();
      console.log(`${beforeMb} MB before the outage, ${mostMb} MB at most while it lasted.`);
      expect(mostMb - beforeMb).toBeLessThan(outageMemoryMaxMb);
      await broker.restart();
      await untilCommitted(run);

      const lostAtMs = performance.now();
      const lost = proxy.loseConnections();
      await untilCommitted(run);
      console.log(
        `Committed again ${Math.round(performance.now() - lostAtMs)} ms after the connections were lost.`,
      );

      feed.hurry();
      await written;
      await run.endsWith(0);
      const givenUpAfterMs = (await Promise.all(lost)).map(Math.round);
      console.log(`The ${lost.length} lost connections were given up after ${givenUpAfterMs.join(', ')} ms.`);
      expect(Math.max(...givenUpAfterMs)).toBeGreaterThan(requestTimeoutMs / 2);
      expect(Math.max(...givenUpAfterMs)).toBeLessThan(requestTimeoutMs + slackMs);
      expect(run.matches(/Attempt \d+ begins/), run.log.join('\n')).toHaveLength(1);
      await feed.expectExactOutput();
      await feed.expectNoOpenTransaction();
    });

    it('ends when it is told to twice, broker or not', { timeout: 120_000 }, async () => {
      const feed = await TallyFeed.create(broker, { name: 'cancelled', fed: 36_000, perSecond: 1_000 });
      const written = feed.write();
      const run = feed.run([proxy.address]);
      await untilCommitted(run);
      await broker.kill();
      run.kill('SIGINT');
      await run.untilLine(/Stopping after a last checkpoint/);
      const sinceMs = performance.now();
      run.kill('SIGINT');
      await run.endsWith(1);
      const tookMs = Math.round(performance.now() - sinceMs);
      console.log(`It ended ${tookMs} ms after the second signal.`);
      expect(tookMs).toBeLessThan(cancelMaxMs);
      feed.stop();
      await written;
    });

    /** Until a transaction is committed that the job had not asked for yet. */
    async function untilCommitted(run: MillraceProcess): Promise<void> {
      const committed = new Promise<void>((resolve) => {
        proxy.onPassing = ({ part, request }) => {
          if (part === 'answer' && request.commits !== undefined) resolve();
          return 'forward';
        };
      });
      await Promise.race([
        committed,
        run.end().then(() => {
          throw new Error(`The job ended instead of going on:\n${run.log.join('\n')}`);
        }),
      ]);
    }
  },
);

/** Of what the process has in memory, all its threads together. */
function sampleMemory(run: MillraceProcess): { end(): { beforeMb: number; mostMb: number } } {
  const samplesMb: number[] = [];
  const sample = async (): Promise<void> => {
    const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(run.pid)]);
    samplesMb.push(Math.round(Number(stdout) / 1_024));
  };
  void sample();
  const timer = setInterval(() => void sample(), memorySampleMs);
  return {
    end: () => {
      clearInterval(timer);
      return { beforeMb: samplesMb[0] ?? 0, mostMb: Math.max(...samplesMb) };
    },
  };
}
