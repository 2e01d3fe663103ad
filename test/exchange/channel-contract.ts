import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import {
  type ChannelListener,
  ElementKind,
  type InputChannel,
  type OutputChannel,
} from '../../src/exchange/channel.js';
import { type ChannelSettings, initialCreditBuffers } from '../../src/exchange/credit-flow.js';
import { OutputAvailability } from '../../src/exchange/output-availability.js';
import { CurrentOrigin } from '../../src/exchange/record-origin.js';
import { checkpointId } from '../../src/protocol/ids.js';
import type { StreamEvent } from '../../src/protocol/stream-elements.js';

/** Both ends of a channel, and a way to let everything arrive that is under way. */
export interface ChannelUnderTest {
  readonly output: OutputChannel;
  readonly input: InputChannel;
  settle(): Promise<void>;
}

export type OpenChannel = (settings: ChannelSettings, listener: ChannelListener) => ChannelUnderTest;

type Element = { readonly value: unknown; readonly timestamp: number } | { readonly event: StreamEvent };

const barrier = (id: number): StreamEvent => ({
  kind: 'barrier',
  checkpointId: checkpointId(id),
  triggeredAtMs: 7,
});
const watermark = (timestamp: number): StreamEvent => ({ kind: 'watermark', timestamp });
const endOfInput: StreamEvent = { kind: 'end-of-input' };
/** Five of these fill a packed buffer; fewer records never fill one within a thread. */
const largeText = 'x'.repeat(8_000);

/** What every implementation of OutputChannel and InputChannel must do. */
export function describeChannelContract(name: string, openChannel: OpenChannel): void {
  describe(`the channel ${name}`, () => {
    const open: Harness[] = [];
    const start = () => {
      const harness = new Harness(openChannel);
      open.push(harness);
      return harness;
    };
    afterEach(() => {
      for (const harness of open.splice(0)) harness.close();
    });

    it('delivers nothing before a flush, and everything after it', async () => {
      const { output, input, read, settle } = start();
      output.writeRecord('a', 1);
      await settle();
      expect(input.hasData).toBe(false);
      expect(input.poll()).toBeUndefined();
      output.flush();
      expect(await read()).toEqual([{ value: 'a', timestamp: 1 }]);
      output.flush();
      await settle();
      expect(input.hasData).toBe(false);
    });

    it('says of each record where it comes from', async () => {
      const { output, input, origin, settle } = start();
      const written: string[] = [];
      const read: string[] = [];
      for (let index = 0; index < 300; index += 1) {
        if (index % 7 === 0) origin.clear();
        else origin.set(`partition ${index % 3}`, index * index * index);
        written.push(`${origin.split} ${origin.position}`);
        output.writeRecord({ index }, index);
        if (index % 50 === 0) output.writeEvent(watermark(index));
      }
      // It is as it was when the record was written, and not as it is when the buffer is sent.
      origin.set('elsewhere', 1);
      output.flush();
      await settle();
      for (let cursor = input.poll(); cursor !== undefined; cursor = input.poll()) {
        for (let kind = cursor.next(); kind !== ElementKind.exhausted; kind = cursor.next()) {
          if (kind === ElementKind.record) read.push(`${cursor.origin.split} ${cursor.origin.position}`);
        }
        cursor.release();
      }
      expect(read).toEqual(written);
    });

    it('keeps watermarks, idleness and barriers in line with the records', async () => {
      const { output, read } = start();
      const elements: Element[] = [
        { value: 'before', timestamp: 1 },
        { event: watermark(1) },
        { value: 'between', timestamp: 2 },
        { event: { kind: 'watermark-status', idle: true } },
        { event: { kind: 'watermark-status', idle: false } },
        { event: barrier(1) },
        { value: 'behind', timestamp: 3 },
        { event: endOfInput },
      ];
      for (const element of elements) writeTo(output, element);
      expect(await read()).toEqual(elements);
    });

    it('sends a barrier and the end of input at once, as the last element of their buffers', async () => {
      const { output, settle, readBuffer } = start();
      output.writeRecord('a', 1);
      output.writeEvent(barrier(1));
      output.writeRecord('b', 2);
      output.writeEvent(endOfInput);
      await settle();
      expect(readBuffer()).toEqual([{ value: 'a', timestamp: 1 }, { event: barrier(1) }]);
      expect(readBuffer()).toEqual([{ value: 'b', timestamp: 2 }, { event: endOfInput }]);
    });

    it('delivers every element exactly once and in order, however writes, flushes and reads interleave', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(fc.nat(9), { maxLength: 400 }), async (steps) => {
          const harness = new Harness(openChannel);
          const written: Element[] = [];
          const received: Element[] = [];
          for (const [index, step] of steps.entries()) {
            if (step < 7 && harness.availability.isAvailable) {
              const element = step === 6 ? { event: barrier(index + 1) } : recordOf(index, step);
              written.push(element);
              writeTo(harness.output, element);
            } else if (step === 7) harness.output.flush();
            else if (step === 8) await harness.settle();
            else received.push(...(harness.readBuffer() ?? []));
          }
          harness.output.flush();
          received.push(...(await harness.read()));
          harness.close();
          expect(received).toEqual(written);
        }),
        { numRuns: 60 },
      );
    });

    it('holds the task back once its credit is used up, and lets it go on when buffers are released', async () => {
      const { output, availability, readBuffer, settle, read } = start();
      const written = fillUntilBlocked(output, availability);
      expect(availability.isAvailable).toBe(false);
      await settle();
      expect(availability.isAvailable).toBe(false);
      const received = readBuffer() ?? [];
      await settle();
      expect(availability.isAvailable).toBe(true);
      output.flush();
      received.push(...(await read()));
      expect(received).toHaveLength(written);
    });

    it('sends a buffer beyond the initial credits only for each one that is released', async () => {
      const { output, availability, settle, readBuffer } = start();
      for (let id = 1; id <= 20; id++) output.writeEvent(barrier(id));
      for (let id = 1; id <= 20 - initialCreditBuffers; id++) {
        await settle();
        expect([id, availability.isAvailable]).toEqual([id, false]);
        expect(readBuffer()).toEqual([{ event: barrier(id) }]);
      }
      await settle();
      expect(availability.isAvailable).toBe(true);
    });

    it('makes up for a flush that came without credit', async () => {
      const { output, readBuffer, settle, read } = start();
      for (let id = 1; id <= initialCreditBuffers; id++) output.writeEvent(barrier(id));
      output.writeRecord('last', 5);
      output.flush();
      await settle();
      for (let id = 1; id <= initialCreditBuffers; id++)
        expect(readBuffer()).toEqual([{ event: barrier(id) }]);
      await settle();
      expect(await read()).toEqual([{ value: 'last', timestamp: 5 }]);
    });

    it('fails a function that emits without end, and says what to do', () => {
      const { output } = start();
      const emitWithoutEnd = () => {
        for (let i = 0; i < 100_000; i++) output.writeRecord({ i, largeText }, i);
      };
      expect(emitWithoutEnd).toThrow(/the channel up \(0\) -> down \(1\).*return an iterable/);
    });

    it('tells its listener when data comes after there was none', async () => {
      const { output, settle, read, available } = start();
      expect(available()).toBe(0);
      output.writeEvent(barrier(1));
      await settle();
      expect(available()).toBe(1);
      await read();
      output.writeEvent(barrier(2));
      await settle();
      expect(available()).toBe(2);
    });

    it('lets a buffer be read in parts', async () => {
      const { output, input, settle } = start();
      for (const value of ['a', 'b', 'c']) output.writeRecord(value, 1);
      output.flush();
      await settle();
      const cursor = input.poll()!;
      expect(cursor.next()).toBe(ElementKind.record);
      await settle();
      output.writeRecord('d', 1);
      output.flush();
      await settle();
      expect(cursor.value).toBe('a');
      expect(cursor.next()).toBe(ElementKind.record);
      expect(cursor.value).toBe('b');
    });

    it('refuses to open a buffer before the last one was released', async () => {
      const { output, input, settle } = start();
      output.writeEvent(barrier(1));
      output.writeEvent(barrier(2));
      await settle();
      input.poll();
      expect(() => input.poll()).toThrow('before its last buffer was released');
    });

    it('delivers nothing more once it is closed', async () => {
      const { output, input, settle, available } = start();
      input.close();
      output.writeEvent(barrier(1));
      await settle();
      expect(input.poll()).toBeUndefined();
      expect(available()).toBe(0);
      output.close();
    });
  });
}

class Harness {
  readonly availability = new OutputAvailability(() => {});
  readonly origin = new CurrentOrigin();
  readonly output: OutputChannel;
  readonly input: InputChannel;
  readonly settle: () => Promise<void>;
  readonly available = () => this.availableCalls;
  private availableCalls = 0;

  constructor(openChannel: OpenChannel) {
    const settings = { name: 'up (0) -> down (1)', availability: this.availability, origin: this.origin };
    const listener = {
      onAvailable: () => {
        this.availableCalls += 1;
      },
    };
    const channel = openChannel(settings, listener);
    this.output = channel.output;
    this.input = channel.input;
    this.settle = () => channel.settle();
  }

  /** The elements of the next buffer, which is then released. */
  readonly readBuffer = (): Element[] | undefined => {
    const cursor = this.input.poll();
    if (cursor === undefined) return undefined;
    const elements: Element[] = [];
    for (let kind = cursor.next(); kind !== ElementKind.exhausted; kind = cursor.next()) {
      if (kind === ElementKind.event) elements.push({ event: cursor.event });
      else elements.push({ value: cursor.value, timestamp: cursor.timestamp });
    }
    cursor.release();
    return elements;
  };

  /** Everything that comes without another write. */
  readonly read = async (): Promise<Element[]> => {
    const elements: Element[] = [];
    for (;;) {
      await this.settle();
      const buffer = this.readBuffer();
      if (buffer === undefined) return elements;
      elements.push(...buffer);
    }
  };

  close(): void {
    this.output.close();
    this.input.close();
  }
}

function recordOf(index: number, step: number): Element {
  return { value: step % 2 === 0 ? { index, largeText } : index, timestamp: 1000 + index * step };
}

function writeTo(output: OutputChannel, element: Element): void {
  if ('event' in element) output.writeEvent(element.event);
  else output.writeRecord(element.value, element.timestamp);
}

/** The number of records written. */
function fillUntilBlocked(output: OutputChannel, availability: OutputAvailability): number {
  let written = 0;
  while (availability.isAvailable && written < 100_000) {
    output.writeRecord({ written, largeText }, written);
    written += 1;
  }
  return written;
}
