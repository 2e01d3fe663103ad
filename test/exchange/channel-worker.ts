import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { ElementKind } from '../../src/exchange/channel.js';
import {
  messagePortInputChannel,
  messagePortOutputChannel,
} from '../../src/exchange/message-port-channel.js';
import { OutputAvailability } from '../../src/exchange/output-availability.js';
import { noOrigin } from '../../src/exchange/record-origin.js';

/** One end of a channel in a thread of its own, for message-port-threads.test.ts. */
export type ChannelWorkerData =
  | { readonly role: 'sender'; readonly port: MessagePort; readonly records: number }
  | { readonly role: 'receiver'; readonly port: MessagePort };

export interface ReceiverReport {
  readonly records: number;
  readonly outOfOrder: number;
  readonly watermarks: number;
}

const recordsPerTurn = 500;
const recordsPerWatermark = 1000;

const data: ChannelWorkerData = workerData;
if (data.role === 'sender') send(data.port, data.records);
else receive(data.port);

function send(port: MessagePort, records: number): void {
  let next = 0;
  const availability = new OutputAvailability(() => setImmediate(work));
  const output = messagePortOutputChannel(port, {
    name: 'up (0) -> down (1)',
    availability,
    origin: noOrigin,
  });
  const work = () => {
    const end = Math.min(records, next + recordsPerTurn);
    for (; next < end; next++) {
      if (!availability.isAvailable) return;
      output.writeRecord({ id: next, tags: ['a', 'b'], nested: { when: new Date(next) } }, next);
      if (next % recordsPerWatermark === 0) output.writeEvent({ kind: 'watermark', timestamp: next });
    }
    if (next < records) setImmediate(work);
    else output.writeEvent({ kind: 'end-of-input' });
  };
  work();
}

function receive(port: MessagePort): void {
  const report = { records: 0, outOfOrder: 0, watermarks: 0 };
  let isScheduled = false;
  const schedule = () => {
    if (isScheduled) return;
    isScheduled = true;
    setImmediate(work);
  };
  const input = messagePortInputChannel(port, 'up (0) -> down (1)', { onAvailable: schedule });
  const work = () => {
    isScheduled = false;
    const cursor = input.poll();
    if (cursor === undefined) return;
    for (let kind = cursor.next(); kind !== ElementKind.exhausted; kind = cursor.next()) {
      if (kind === ElementKind.record) {
        const { id } = cursor.value as { readonly id: number };
        if (id !== report.records || cursor.timestamp !== id) report.outOfOrder += 1;
        report.records += 1;
      } else if (cursor.event.kind === 'watermark') report.watermarks += 1;
      else {
        parentPort?.postMessage(report satisfies ReceiverReport);
        input.close();
        return;
      }
    }
    cursor.release();
    schedule();
  };
}
