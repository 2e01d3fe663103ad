import { expect, it } from 'vitest';
import { BufferInputChannel, BufferOutputChannel } from '../../src/exchange/buffer-channel.js';
import { initialCreditBuffers, overdraftBuffersMax } from '../../src/exchange/credit-flow.js';
import { LocalChannel } from '../../src/exchange/local-channel.js';
import {
  messagePortInputChannel,
  messagePortOutputChannel,
  openMessagePorts,
} from '../../src/exchange/message-port-channel.js';
import { OutputAvailability } from '../../src/exchange/output-availability.js';
import { noOrigin } from '../../src/exchange/record-origin.js';
import { describeChannelContract } from './channel-contract.js';
import { DelayedBufferPorts } from './delayed-buffer-port.js';

describeChannelContract('within a thread', (settings, listener) => {
  const channel = new LocalChannel(settings, listener);
  return { output: channel, input: channel, settle: async () => {} };
});

describeChannelContract('over a delayed port', (settings, listener) => {
  const ports = new DelayedBufferPorts();
  const output = new BufferOutputChannel(ports.sending, settings);
  const input = new BufferInputChannel(ports.receiving, settings.name, listener);
  const settle = async () => {
    while (ports.deliverNext());
    expect(ports.buffersOutstandingMax).toBeLessThanOrEqual(initialCreditBuffers);
  };
  return { output, input, settle };
});

describeChannelContract('over MessagePorts', (settings, listener) => {
  const ports = openMessagePorts();
  const output = messagePortOutputChannel(ports.output, settings);
  const input = messagePortInputChannel(ports.input, settings.name, listener);
  // A message arrives in a later turn of the event loop, and its answer one more turn later.
  const settle = async () => {
    for (let turn = 0; turn < 4; turn++) await new Promise(setImmediate);
  };
  return { output, input, settle };
});

it('a channel within a thread hands values over as they are, and lets go of them when they are processed', () => {
  const settings = {
    name: 'up (0) -> down (0)',
    availability: new OutputAvailability(() => {}),
    origin: noOrigin,
  };
  const channel = new LocalChannel(settings, { onAvailable: () => {} });
  const value = { a: 1 };
  channel.writeRecord(value, 5);
  channel.flush();
  const cursor = channel.poll()!;
  cursor.next();
  expect(cursor.value).toBe(value);
  cursor.next();
  expect(cursor.value).toBeUndefined();
  cursor.release();
  expect(() => cursor.next()).toThrow('after its buffer was released');
  expect(() => cursor.release()).toThrow('released twice');
});

it('a channel between threads counts the bytes it sent, and its overdraft is bounded', () => {
  const ports = new DelayedBufferPorts();
  const availability = new OutputAvailability(() => {});
  const output = new BufferOutputChannel(ports.sending, {
    name: 'up (0) -> down (1)',
    availability,
    origin: noOrigin,
  });
  const text = 'x'.repeat(1000);
  let written = 0;
  const emitWithoutEnd = () => {
    for (; written < 1_000_000; written++) output.writeRecord(text, written);
  };
  expect(emitWithoutEnd).toThrow('Too many records were emitted in one call');
  expect(written).toBeGreaterThan(overdraftBuffersMax * 30);
  expect(written).toBeLessThan((overdraftBuffersMax + initialCreditBuffers + 1) * 34);
  expect(output.bytesOut).toBeGreaterThan(initialCreditBuffers * 32 * 1024 - 1);
  expect(output.bytesOut).toBeLessThan(initialCreditBuffers * 36 * 1024);
});

it('a channel that is connected the wrong way round says so', () => {
  const ports = new DelayedBufferPorts();
  const availability = new OutputAvailability(() => {});
  new BufferOutputChannel(ports.receiving, { name: 'up (0) -> down (1)', availability, origin: noOrigin });
  ports.sending.postBuffer(new ArrayBuffer(8));
  expect(() => ports.deliverNext()).toThrow('up (0) -> down (1) is connected wrongly');
});
