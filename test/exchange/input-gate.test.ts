import { describe, expect, it } from 'vitest';
import { ElementKind } from '../../src/exchange/channel.js';
import { InputGate } from '../../src/exchange/input-gate.js';
import { LocalChannel } from '../../src/exchange/local-channel.js';
import { OutputAvailability } from '../../src/exchange/output-availability.js';
import { noOrigin } from '../../src/exchange/record-origin.js';
import { MIN_WATERMARK } from '../../src/protocol/stream-elements.js';

/** A gate of local channels; the second argument says which input each one feeds. */
function gateOf(inputIndexes: readonly number[]) {
  let availableCalls = 0;
  const watermarks: number[] = [];
  const gate = new InputGate(() => {
    availableCalls += 1;
  });
  const outputs: LocalChannel[] = [];
  for (const inputIndex of inputIndexes) {
    gate.addChannel(inputIndex, (listener) => {
      const name = `up (${outputs.length}) -> down (0)`;
      const channel = new LocalChannel(
        { name, availability: new OutputAvailability(() => {}), origin: noOrigin },
        listener,
      );
      outputs.push(channel);
      return channel;
    });
  }
  const send = (channel: number, value: string) => {
    outputs[channel]!.writeRecord(value, 1);
    outputs[channel]!.flush();
  };
  const read = () => {
    const buffer = gate.poll((channel) => watermarks[channel] ?? MIN_WATERMARK);
    if (buffer === undefined) return undefined;
    const { cursor, channel, inputIndex } = buffer;
    expect(cursor.next()).toBe(ElementKind.record);
    const { value } = cursor;
    expect(cursor.next()).toBe(ElementKind.exhausted);
    cursor.release();
    return `${value} from ${channel} for ${inputIndex}`;
  };
  return { gate, watermarks, send, read, availableCalls: () => availableCalls };
}

describe('the input gate', () => {
  it('takes more of the channel that is furthest behind in event time', () => {
    const { watermarks, send, read } = gateOf([0, 1]);
    for (let n = 0; n < 8; n += 1) send(n % 2, `${n}`);
    watermarks.push(200, 100);
    const channels = Array.from({ length: 8 }, () => read()?.at(-7));
    expect(channels.join('')).toBe('10111000');
  });

  it('reads its channels in turn, so that a busy one does not starve the others', () => {
    const { gate, send, read } = gateOf([0, 0, 1]);
    for (const value of ['a1', 'a2', 'a3']) send(0, value);
    send(2, 'c1');
    send(1, 'b1');
    const values = [read(), read(), read(), read(), read()];
    expect(values).toEqual([
      'a1 from 0 for 0',
      'b1 from 1 for 0',
      'c1 from 2 for 1',
      'a2 from 0 for 0',
      'a3 from 0 for 0',
    ]);
    expect(read()).toBeUndefined();
    expect(gate.hasData).toBe(false);
  });

  it('takes nothing from a blocked channel until all are unblocked', () => {
    const { gate, send, read } = gateOf([0, 0]);
    gate.block(0);
    send(0, 'a1');
    expect(gate.hasData).toBe(false);
    expect(read()).toBeUndefined();
    send(1, 'b1');
    expect(read()).toBe('b1 from 1 for 0');
    gate.unblockAll();
    expect(gate.hasData).toBe(true);
    expect(read()).toBe('a1 from 0 for 0');
  });

  it('calls when data comes, but not for a blocked channel', () => {
    const { gate, send, availableCalls } = gateOf([0, 0]);
    send(0, 'a1');
    expect(availableCalls()).toBe(1);
    gate.block(1);
    send(1, 'b1');
    expect(availableCalls()).toBe(1);
  });

  it('is finished when each of its channels is', () => {
    const { gate, send, read } = gateOf([0, 0]);
    gate.finish(0);
    gate.finish(0);
    expect(gate.isFinished).toBe(false);
    send(1, 'b1');
    expect(read()).toBe('b1 from 1 for 0');
    gate.finish(1);
    expect(gate.isFinished).toBe(true);
    expect(read()).toBeUndefined();
  });

  it('does not open a finished channel again when the blocked ones are unblocked', () => {
    const { gate } = gateOf([0, 0]);
    gate.finish(0);
    gate.block(0);
    gate.unblockAll();
    gate.finish(1);
    expect(gate.isFinished).toBe(true);
  });

  it('knows which input a channel feeds, and refuses a channel that is not there', () => {
    const { gate } = gateOf([0, 1]);
    expect([gate.channelCount, gate.inputIndexOf(1)]).toEqual([2, 1]);
    expect(() => gate.inputIndexOf(2)).toThrow('There is no input channel 2; there are 2.');
  });
});
