import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished, vi } from 'vitest';
import { WebhookEndpoint } from '../sinks/webhook-endpoint.js';
import { MillraceProcess } from './millrace-process.js';
import { StateFolder } from './state-folder.js';

/** Whole processes run here, beside whatever else the machine does. */
vi.setConfig({ testTimeout: 120_000 });

const job = fileURLToPath(new URL('./jobs/webhook.job.ts', import.meta.url));

it('A job killed with -9 while it sends to an endpoint that often fails has sent every element at its end', async () => {
  const endpoint = await WebhookEndpoint.start();
  onTestFinished(() => endpoint.stop());
  endpoint.answer = (index) => (index % 7 === 3 ? { status: 503 } : undefined);
  const folder = new StateFolder();
  const start = (): MillraceProcess =>
    new MillraceProcess(
      ['--job', job, '--parallelism', '2', '--state-dir', folder.path, '--checkpoint-interval', '50ms'],
      { env: { TEST_URL: endpoint.url } },
    );
  const ids = (): Set<number> =>
    new Set((endpoint.taken as { readonly id: number }[][]).flat().map(({ id }) => id));

  const killed = start();
  await expect.poll(() => folder.positions('numbers'), { timeout: 60_000, interval: 5 }).toBeGreaterThan(200);
  killed.kill('SIGKILL');
  await killed.end();
  await expect.poll(() => endpoint.isIdle).toBe(true);
  const inCheckpoint = folder.positions('numbers');
  expect(inCheckpoint).toBeLessThan(3_000);
  expect(ids().size).toBeGreaterThanOrEqual(inCheckpoint);
  const requestsBefore = endpoint.taken.length;

  await start().endsWith(0);
  expect(ids().size).toBe(3_000);
  // It went on from the checkpoint.
  expect((endpoint.taken.slice(requestsBefore) as unknown[][]).flat()).toHaveLength(3_000 - inCheckpoint);
});
