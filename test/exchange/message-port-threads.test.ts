import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { openMessagePorts } from '../../src/exchange/message-port-channel.js';
import type { ChannelWorkerData, ReceiverReport } from './channel-worker.js';

function startWorker(data: ChannelWorkerData): Worker {
  return new Worker(new URL('channel-worker.ts', import.meta.url), {
    workerData: data,
    transferList: [data.port],
    execArgv: ['--import', 'jiti/register'],
  });
}

it('a channel between two threads delivers every record once and in order, and both threads end', async () => {
  const records = 100_000;
  const ports = openMessagePorts();
  const receiver = startWorker({ role: 'receiver', port: ports.input });
  const sender = startWorker({ role: 'sender', port: ports.output, records });
  const ended = Promise.all([once(receiver, 'exit'), once(sender, 'exit')]);
  const [report] = (await once(receiver, 'message')) as [ReceiverReport];
  expect(report).toEqual({ records, outOfOrder: 0, watermarks: 100 });
  // The receiver closed its end, which closes the sender's too; a port left open would keep its thread alive.
  expect((await ended).flat()).toEqual([0, 0]);
});
