import { Packr, Unpackr } from 'msgpackr';
import { EventGenerator } from '#dist/demo/event-generator.js';
import { BufferReader, BufferWriter } from '#dist/exchange/buffer-codec.js';
import { ElementKind } from '#dist/exchange/channel.js';
import { LocalChannel } from '#dist/exchange/local-channel.js';
import { OutputAvailability } from '#dist/exchange/output-availability.js';
import { CurrentOrigin } from '#dist/exchange/record-origin.js';
import { createRecordRouter } from '#dist/exchange/record-router.js';

/**
 * What does one record cost on its way to another subtask? Microseconds a record, the fastest of many rounds,
 * since whatever else the machine does can only add to it.
 * Run by `npm run build && node --import jiti/register bench/exchange.ts`: it measures the compiled code, since jiti's
 * loads constants anew each time.
 */
const records = 5_000;
const rounds = 101;

interface Cost {
  readonly pack: number;
  readonly unpack: number;
}

type Measure = (values: readonly { readonly timestamp: number }[]) => Cost;

const generator = new EventGenerator({ users: 100_000 });
// Through JSON, as a source delivers them: V8 lays such objects out in another way than literals.
const events = Array.from({ length: records }, (_, i) => JSON.parse(JSON.stringify(generator.eventAt(i))));
const small = events.map((event) => ({ user_id: event.user_id, timestamp: event.timestamp, price: 1.5 }));

/** As of every second record of a partition: the others go to the other one of two subtasks. */
const split = 'topic user-tracking-events, partition 0, offset';

const bufferCodec: Measure = (values) => {
  const origin = new CurrentOrigin();
  const writer = new BufferWriter('A record', origin);
  const buffers: ArrayBuffer[] = [];
  const started = performance.now();
  let offset = 0;
  for (const value of values) {
    offset += 2;
    origin.set(split, offset);
    writer.writeRecord(value, value.timestamp);
    if (writer.isFull) buffers.push(writer.take());
  }
  buffers.push(writer.take());
  const packed = performance.now();
  const reader = new BufferReader();
  for (const buffer of buffers) {
    reader.begin(buffer);
    while (reader.next() !== ElementKind.exhausted) origin.copy(reader.origin);
  }
  return { pack: packed - started, unpack: performance.now() - packed };
};

const msgpackr: Measure = (values) => {
  const packr = new Packr({ sequential: true, moreTypes: true });
  const unpackr = new Unpackr({ sequential: true, moreTypes: true, copyBuffers: true });
  const target = Buffer.from(new ArrayBuffer(64 * records * 64));
  const ends: number[] = [];
  const started = performance.now();
  let at = 0;
  for (const value of values) {
    const bytes = packr.pack(value);
    target.set(bytes, at);
    at += bytes.length;
    ends.push(at);
  }
  const packed = performance.now();
  let start = 0;
  for (const end of ends) {
    unpackr.unpack(target, { start, end });
    start = end;
  }
  return { pack: packed - started, unpack: performance.now() - packed };
};

const json: Measure = (values) => {
  const started = performance.now();
  const texts = values.map((value) => JSON.stringify(value));
  const packed = performance.now();
  for (const text of texts) JSON.parse(text);
  return { pack: packed - started, unpack: performance.now() - packed };
};

const localChannel: Measure = (values) => {
  const availability = new OutputAvailability(() => {});
  const origin = new CurrentOrigin();
  const settings = { name: 'up (0) -> down (0)', availability, origin };
  const channel = new LocalChannel(settings, { onAvailable: () => {} });
  let writing = 0;
  let reading = 0;
  for (let i = 0; i < values.length; ) {
    const started = performance.now();
    for (const end = Math.min(values.length, i + 256); i < end; i++) {
      origin.set(split, i);
      channel.writeRecord(values[i], 1 + i);
    }
    channel.flush();
    const written = performance.now();
    for (let cursor = channel.poll(); cursor !== undefined; cursor = channel.poll()) {
      while (cursor.next() !== ElementKind.exhausted) origin.copy(cursor.origin);
      cursor.release();
    }
    writing += written - started;
    reading += performance.now() - written;
  }
  return { pack: writing, unpack: reading };
};

const keyRouting: Measure = (values) => {
  const router = createRecordRouter(
    { kind: 'key-by', keySelector: (value: { readonly user_id: string }) => value.user_id },
    { channelCount: 2, maxParallelism: 128, subtaskIndex: 0 },
  );
  const started = performance.now();
  for (const value of values) router.route(value);
  return { pack: performance.now() - started, unpack: 0 };
};

function report(name: string, measure: Measure, values: readonly { readonly timestamp: number }[]): void {
  const costs = Array.from({ length: rounds }, () => measure(values));
  const microseconds = (pick: (cost: Cost) => number) =>
    ((Math.min(...costs.map(pick)) * 1000) / records).toFixed(3);
  const line = `${name.padEnd(34)} out ${microseconds((cost) => cost.pack)}  in ${microseconds((cost) => cost.unpack)}`;
  process.stdout.write(`${line}\n`);
}

const eventBytes = events.reduce((sum, event) => sum + JSON.stringify(event).length, 0) / records;
process.stdout.write(`µs a record; an event is ${eventBytes.toFixed(0)} bytes of JSON\n`);
report('event, buffer codec', bufferCodec, events);
report('event, msgpackr', msgpackr, events);
report('event, JSON', json, events);
report('event, local channel', localChannel, events);
report('small object, buffer codec', bufferCodec, small);
report('small object, msgpackr', msgpackr, small);
report('small object, JSON', json, small);
report('keyBy to a channel', keyRouting, events);
