import { inspect, isDeepStrictEqual } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  BufferReader,
  BufferWriter,
  bufferBytesTarget,
  bufferLength,
} from '../../src/exchange/buffer-codec.js';
import { ElementKind } from '../../src/exchange/channel.js';
import { CurrentOrigin, noOrigin } from '../../src/exchange/record-origin.js';
import { checkpointId } from '../../src/protocol/ids.js';
import {
  MAX_WATERMARK,
  MIN_WATERMARK,
  NO_TIMESTAMP,
  type StreamEvent,
} from '../../src/protocol/stream-elements.js';

type Element = { readonly value: unknown; readonly timestamp: number } | { readonly event: StreamEvent };

function write(writer: BufferWriter, element: Element): void {
  if ('event' in element) writer.writeEvent(element.event);
  else writer.writeRecord(element.value, element.timestamp);
}

function readAll(reader: BufferReader, buffer: ArrayBuffer): Element[] {
  const elements: Element[] = [];
  reader.begin(buffer);
  for (let kind = reader.next(); kind !== ElementKind.exhausted; kind = reader.next()) {
    if (kind === ElementKind.event) elements.push({ event: reader.event });
    else elements.push({ value: reader.value, timestamp: reader.timestamp });
  }
  return elements;
}

function roundTrip(value: unknown): unknown {
  const writer = new BufferWriter('A record');
  writer.writeRecord(value, 1);
  const [element] = readAll(new BufferReader(), writer.take());
  return (element as { value: unknown }).value;
}

/** Stricter than vitest's equality, which finds a Map with objects for keys different from itself. */
function expectSame(actual: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(actual, expected)) expect(inspect(actual, true, 9)).toBe(inspect(expected, true, 9));
}

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 100 }),
  fc.string({ maxLength: 200 }),
  fc.array(fc.nat(0xffff), { maxLength: 80 }).map((units) => String.fromCharCode(...units)),
  fc.constantFrom('', '__proto__', 'constructor', 'x'.repeat(63), 'x'.repeat(64), 'é'.repeat(64), '\ud83d'),
);
const numbers = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.constantFrom(0, -0, 127, 128, -1, 65535, 65536, 2 ** 31 - 1, 2 ** 31, -(2 ** 31), Number.NaN, Infinity),
);
const leaves = fc.oneof(
  text,
  numbers,
  fc.boolean(),
  fc.constantFrom(null, undefined),
  fc.oneof(fc.bigInt(), fc.constantFrom(2n ** 63n, -(2n ** 63n), 2n ** 63n - 1n, -(2n ** 63n) - 1n)),
  fc.date({ noInvalidDate: false }),
  fc.uint8Array({ maxLength: 40 }),
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
);
const objectOf = (value: fc.Arbitrary<unknown>) =>
  fc.array(fc.tuple(text, value), { maxLength: 6 }).map((entries) => Object.fromEntries(entries));
const { plain } = fc.letrec<{ plain: unknown }>((tie) => ({
  plain: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaves,
    fc.array(tie('plain'), { maxLength: 6 }),
    objectOf(tie('plain')),
    fc.array(fc.tuple(tie('plain'), tie('plain')), { maxLength: 4 }).map((entries) => new Map(entries)),
    fc.array(tie('plain'), { maxLength: 4 }).map((items) => new Set(items)),
  ),
}));
const timestamps = fc.oneof(
  fc.constantFrom(NO_TIMESTAMP, 0, -1, MAX_WATERMARK),
  fc.integer({ min: 1_700_000_000_000, max: 1_700_000_009_999 }),
  fc.double({ noNaN: true }),
);
const events: fc.Arbitrary<StreamEvent> = fc.oneof(
  fc
    .constantFrom(MIN_WATERMARK, MAX_WATERMARK, 5)
    .map((timestamp) => ({ kind: 'watermark' as const, timestamp })),
  fc.boolean().map((idle) => ({ kind: 'watermark-status' as const, idle })),
  fc
    .nat()
    .map((id) => ({ kind: 'barrier' as const, checkpointId: checkpointId(id), triggeredAtMs: 1.7e12 + id })),
  fc.constant({ kind: 'end-of-input' as const }),
);
const elements: fc.Arbitrary<Element> = fc.oneof(
  { weight: 5, arbitrary: fc.tuple(plain, timestamps).map(([value, timestamp]) => ({ value, timestamp })) },
  { weight: 1, arbitrary: events.map((event) => ({ event })) },
);

describe('the buffer codec', () => {
  it('gives back every plain value exactly', () => {
    fc.assert(
      fc.property(plain, (value) => {
        expectSame(roundTrip(value), value);
      }),
      { numRuns: 2000 },
    );
  });

  it('gives back elements in order, over many buffers, with one writer and one reader', () => {
    fc.assert(
      fc.property(
        fc.array(elements, { maxLength: 60 }),
        fc.integer({ min: 50, max: 2000 }),
        (written, target) => {
          const writer = new BufferWriter('A record', noOrigin, target);
          const reader = new BufferReader();
          const received: Element[] = [];
          for (const element of written) {
            write(writer, element);
            if (writer.isFull) received.push(...readAll(reader, writer.take()));
          }
          received.push(...readAll(reader, writer.take()));
          expectSame(received, written);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('makes buffers that can be read alone, in any order', () => {
    const writer = new BufferWriter('A record', noOrigin, 300);
    const buffers: ArrayBuffer[] = [];
    for (let i = 0; i < 100; i++) {
      writer.writeRecord(
        { id: i, below: { kind: i % 3 === 0 ? { a: i } : { b: i } } },
        1_700_000_000_000 + i,
      );
      if (writer.isFull) buffers.push(writer.take());
    }
    buffers.push(writer.take());
    const ids = buffers.toReversed().map((buffer) => {
      return readAll(new BufferReader(), buffer).map(
        (element) => (element as { timestamp: number }).timestamp % 1000,
      );
    });
    expect(ids.toReversed().flat()).toEqual(Array.from({ length: 100 }, (_, i) => i));
  });

  it('keeps the order of fields, and fields that are undefined', () => {
    const value = { z: 1, a: undefined, m: null };
    expect(Object.entries(roundTrip(value) as object)).toEqual(Object.entries(value));
  });

  it('reads a field called __proto__ as a field', () => {
    const value = JSON.parse('{"__proto__": {"admin": true}, "a": 1}');
    const read = roundTrip(value) as object;
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
    expect(Object.keys(read)).toEqual(['__proto__', 'a']);
  });

  it('carries objects that are used as dictionaries, however many names they have', () => {
    const writer = new BufferWriter('A record', noOrigin, 1 << 20);
    const values = Array.from({ length: 2000 }, (_, i) => ({ [`user_${i}`]: { count: i } }));
    const wide = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`field_${i}`, i]));
    for (const value of [...values, wide]) writer.writeRecord(value, 1);
    const read = readAll(new BufferReader(), writer.take());
    expect(read.map((element) => (element as { value: unknown }).value)).toEqual([...values, wide]);
  });

  it('carries records much larger than a buffer', () => {
    const value = {
      text: 'x'.repeat(300_000),
      bytes: new Uint8Array(200_000).fill(7),
      list: Array(70_000).fill(1.5),
    };
    expect(roundTrip(value)).toEqual(value);
  });

  it('holds on to no more than its target while it is filled and taken', () => {
    const writer = new BufferWriter('A record');
    writer.writeRecord('a', 1);
    const small = writer.take();
    expect(small.byteLength).toBe(bufferLength(small));
    while (!writer.isFull) writer.writeRecord('x'.repeat(1000), 1);
    const full = writer.take();
    expect(full.byteLength).toBeLessThan(bufferBytesTarget * 1.2);
    expect(bufferLength(full)).toBeGreaterThanOrEqual(bufferBytesTarget);
  });

  it('does not share memory with what was written or with the buffer', () => {
    const bytes = Uint8Array.of(1, 2, 3);
    const writer = new BufferWriter('A record');
    writer.writeRecord({ bytes }, 1);
    const buffer = writer.take();
    const [element] = readAll(new BufferReader(), buffer) as { value: { bytes: Uint8Array } }[];
    bytes.fill(9);
    new Uint8Array(buffer).fill(8);
    expect(element!.value.bytes).toEqual(Uint8Array.of(1, 2, 3));
    expect(element!.value.bytes.buffer.byteLength).toBe(3);
  });

  it('lets go of a buffer although single fields of it are kept, as state does', () => {
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    const heapBytes = () => {
      collectGarbage();
      return process.memoryUsage().heapUsed;
    };
    const buffers = 300;
    const kept: unknown[] = [];
    const reader = new BufferReader();
    const before = heapBytes();
    for (let i = 0; i < buffers; i++) {
      const writer = new BufferWriter('A record');
      writer.writeRecord({ user: `user_${1_000_000 + i}`, session: `session-of-a-longer-name-${i}` }, 1);
      while (!writer.isFull) writer.writeRecord('x'.repeat(1000), 1);
      const [first] = readAll(reader, writer.take()) as { value: { user: string; session: string } }[];
      kept.push(first!.value.user, first!.value.session);
    }
    expect((heapBytes() - before) / buffers).toBeLessThan(3000);
    expect(kept).toHaveLength(2 * buffers);
  });

  it.each([
    [{ user: { profile: new (class Profile {})() } }, /A record is not plain at user\.profile.*Profile/],
    [{ fn: () => 1 }, /at fn.*function/],
    [[1, [Symbol('s')]], /at \[1\]\[0\].*symbol/],
    [new Map([['a', new Error('e')]]), /Error/],
    [new (class extends Date {})(), /not plain/],
    [new Float64Array(2), /Float64Array/],
  ])('refuses what is not plain and names the field: %o', (value, sentence) => {
    expect(() => roundTrip(value)).toThrow(sentence);
  });

  it('refuses a value that contains itself', () => {
    const cyclic: Record<string, unknown> = {};
    cyclic.self = cyclic;
    expect(() => roundTrip(cyclic)).toThrow(/contains itself/);
  });

  it('refuses a buffer of another format', () => {
    const writer = new BufferWriter('A record');
    writer.writeRecord('a', 1);
    const buffer = writer.take();
    new Uint8Array(buffer)[0] = 99;
    expect(() => new BufferReader().begin(buffer)).toThrow('its format is 99, and not 2');
  });

  it('has the bytes of its second version', () => {
    const writer = new BufferWriter('A record');
    writer.writeRecord({ id: 1, name: 'ab' }, 1000);
    writer.writeRecord({ id: 300, name: '€' }, 1005);
    writer.writeEvent({ kind: 'barrier', checkpointId: checkpointId(2), triggeredAtMs: 3 });
    expect(Buffer.from(writer.take()).toString('hex')).toBe(goldenBuffer);
  });

  it('carries a record as its source read it, which the receiver decodes', () => {
    const bytes = Buffer.from('..{"a":"é"}..');
    const origin = new CurrentOrigin();
    const writer = new BufferWriter('A record', origin);
    writer.writeRecord({ a: 1 }, 5);
    origin.set('topic événements, partition 7, offset', 2 ** 40);
    writer.writeEncodedRecord({ bytes, valueStart: 2, valueEnd: bytes.length - 2 }, 6);
    writer.writeRecord({ a: 2 }, 7);
    const buffer = writer.take();
    const reader = new BufferReader({
      decode: (read, { split, position }) => ({
        text: read.bytes.toString('utf8', read.valueStart, read.valueEnd),
        at: `${split} ${position}`,
      }),
    });
    expect(readAll(reader, buffer)).toEqual([
      { value: { a: 1 }, timestamp: 5 },
      {
        value: { text: '{"a":"é"}', at: `topic événements, partition 7, offset ${2 ** 40}` },
        timestamp: 6,
      },
      { value: { a: 2 }, timestamp: 7 },
    ]);
    expect(() => readAll(new BufferReader(), buffer)).toThrow('begins an encoded record');
  });

  it('keeps the sign of a time of zero, after whatever time', () => {
    const writer = new BufferWriter('A record');
    for (const timestamp of [-1, -0, 0, -0, 1]) writer.writeRecord(1, timestamp);
    const times = readAll(new BufferReader(), writer.take()).map(
      (element) => (element as { timestamp: number }).timestamp,
    );
    expectSame(times, [-1, -0, 0, -0, 1]);
  });
});

/** A stored buffer may be read by a later version, so a change of these bytes needs a new format version. */
const goldenBuffer =
  '0241000000030000000000408f40d308000000826964846e616d65018261620205000000d200c42c01c801000000ac200700000000000000400000000000000840';
