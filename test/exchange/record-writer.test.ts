import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonStringFinder } from '../../src/codecs/json-field-finder.js';
import type { OutputChannel } from '../../src/exchange/channel.js';
import type { EncodedRecord } from '../../src/exchange/encoded-record.js';
import { EncodedRecordRelay } from '../../src/exchange/encoded-record-relay.js';
import { createRecordRouter, KeyRouter, type Routing } from '../../src/exchange/record-router.js';
import { RecordWriter } from '../../src/exchange/record-writer.js';
import type { Key } from '../../src/key-groups/key.js';
import { keyGroupRangeForSubtask } from '../../src/key-groups/key-group-assignment.js';
import { KeyGroupHasher } from '../../src/key-groups/key-group-hasher.js';
import { subtaskIndex } from '../../src/protocol/ids.js';
import type { StreamEvent } from '../../src/protocol/stream-elements.js';

class RecordingChannel implements OutputChannel {
  readonly written: unknown[] = [];
  readonly bytesOut = 10;
  flushes = 0;
  isClosed = false;

  writeRecord(value: unknown, timestamp: number): void {
    this.written.push([value, timestamp]);
  }

  writeEvent(event: StreamEvent): void {
    this.written.push(event);
  }

  flush(): void {
    this.flushes += 1;
  }

  close(): void {
    this.isClosed = true;
  }
}

function writerOf(routing: Routing, channelCount: number, subtask = 0) {
  const channels = Array.from({ length: channelCount }, () => new RecordingChannel());
  const router = createRecordRouter(routing, { channelCount, maxParallelism: 128, subtaskIndex: subtask });
  return { channels, writer: new RecordWriter(channels, router, 'enrich') };
}

const byItself: Routing = { kind: 'key-by', keySelector: (value: Key) => value };

function channelsOf(
  routing: Routing,
  values: readonly unknown[],
  channelCount: number,
  subtask = 0,
): number[][] {
  const { channels, writer } = writerOf(routing, channelCount, subtask);
  return values.map((value, index) => {
    writer.emit(value, index);
    return channels.flatMap(({ written }, channel) =>
      written.length > 0 && written.splice(0) ? [channel] : [],
    );
  });
}

describe('the record writer', () => {
  it('sends every record of a key to the subtask that owns its key group', () => {
    const hasher = new KeyGroupHasher(128);
    const keys = fc.oneof(fc.string(), fc.double(), fc.bigInt(), fc.tuple(fc.string(), fc.boolean()));
    fc.assert(
      fc.property(keys, fc.integer({ min: 1, max: 128 }), (key, parallelism) => {
        const [channels] = channelsOf(byItself, [key], parallelism);
        const group = hasher.keyGroupOf(key);
        const range = keyGroupRangeForSubtask(subtaskIndex(channels![0]!), parallelism, 128);
        expect(channels).toHaveLength(1);
        expect(range.start <= group && group <= range.end).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('refuses a key that is none', () => {
    const { writer } = writerOf({ kind: 'key-by', keySelector: () => undefined as unknown as Key }, 2);
    expect(() => writer.emit({}, 1)).toThrow(
      `A record of operator "enrich" can't be given a channel. A key is undefined`,
    );
  });

  it('names the operator whose record made a key selector throw, and keeps the cause', () => {
    const keySelector = (value: { user: { id: string } }) => value.user.id;
    const { writer } = writerOf({ kind: 'key-by', keySelector }, 2);
    let thrown: unknown;
    try {
      writer.emit({}, 1);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ domain: 'user-code', action: 'restart', cause: expect.any(TypeError) });
    expect((thrown as Error).message).toContain('operator "enrich"');
  });

  it('goes round the channels, each subtask from its own place', () => {
    expect(channelsOf({ kind: 'rebalance' }, [1, 2, 3, 4], 3, 1)).toEqual([[1], [2], [0], [1]]);
    expect(channelsOf({ kind: 'rescale' }, [1, 2, 3], 1, 5)).toEqual([[0], [0], [0]]);
  });

  it('forwards to its only channel', () => {
    expect(channelsOf({ kind: 'forward' }, [1, 2], 1)).toEqual([[0], [0]]);
  });

  it('broadcasts to all channels', () => {
    expect(channelsOf({ kind: 'broadcast' }, [1], 3)).toEqual([[0, 1, 2]]);
  });

  it('asks a custom partitioner', () => {
    const byParity: Routing = {
      kind: 'custom',
      name: 'parity',
      selectChannel: (value: number, channels) => value % channels,
    };
    expect(channelsOf(byParity, [0, 1, 2, 3], 2)).toEqual([[0], [1], [0], [1]]);
  });

  it.each([-1, 2, 0.5, Number.NaN, undefined])('names a custom partitioner that answers %s', (answer) => {
    const { writer } = writerOf({ kind: 'custom', name: 'parity', selectChannel: () => answer as number }, 2);
    expect(() => writer.emit(1, 1)).toThrow(
      `The partitioner "parity" answered ${answer}; with 2 channels it must answer a whole number from 0 to 1.`,
    );
  });

  it('sends every event to every channel, in line with the records', () => {
    const { channels, writer } = writerOf({ kind: 'rebalance' }, 2);
    writer.emit('a', 1);
    writer.broadcastEvent({ kind: 'watermark', timestamp: 1 });
    writer.emit('b', 2);
    expect(channels.map((channel) => channel.written)).toEqual([
      [['a', 1], { kind: 'watermark', timestamp: 1 }],
      [{ kind: 'watermark', timestamp: 1 }, ['b', 2]],
    ]);
  });

  it('finds a class instance among its first records also where nothing is packed', () => {
    const { writer } = writerOf({ kind: 'forward' }, 1);
    const record = { user: { profile: new URL('http://host') } };
    expect(() => writer.emit(record, 1)).toThrow(
      /A record of operator "enrich" is not plain at user\.profile: it is an instance of URL/,
    );
  });

  it('flushes, closes and counts the bytes of all its channels', () => {
    const { channels, writer } = writerOf({ kind: 'broadcast' }, 3);
    writer.flush();
    writer.close();
    expect(channels.map(({ flushes, isClosed }) => [flushes, isClosed])).toEqual(Array(3).fill([1, true]));
    expect(writer.bytesOut).toBe(30);
  });
});

class ThreadChannel extends RecordingChannel {
  writeEncodedRecord(record: EncodedRecord, timestamp: number): void {
    this.written.push([record.bytes.toString('utf8', record.valueStart, record.valueEnd), timestamp]);
  }
}

describe('an encoded record', () => {
  it('takes the channel that it would take decoded, and is refused for one within the thread', () => {
    fc.assert(
      fc.property(
        fc.string({ maxLength: 20 }),
        fc.integer({ min: 1, max: 5 }),
        fc.nat(4),
        (key, channelCount, own) => {
          const channels = Array.from({ length: channelCount }, (_, index) =>
            index === own ? new RecordingChannel() : new ThreadChannel(),
          );
          const routing: Routing = { kind: 'key-by', keySelector: (value: { id: string }) => value.id };
          const router = createRecordRouter(routing, { channelCount, maxParallelism: 128, subtaskIndex: 0 });
          if (!(router instanceof KeyRouter)) throw new Error('A keyBy has another router.');
          const writer = new RecordWriter(
            channels,
            router,
            'read',
            new EncodedRecordRelay(
              { key: new JsonStringFinder('id'), timestamp: undefined },
              router,
              channels,
            ),
          );
          const bytes = Buffer.from(JSON.stringify({ id: key }));
          const record = {
            bytes,
            valueStart: 0,
            valueEnd: bytes.length,
          };
          const expected = router.route({ id: key });
          const isPlain = /^[ !#-[\]-~]*$/.test(key);
          expect(writer.relay?.offer(record, 9)).toBe(isPlain && expected !== own);
          expect(channels.map(({ written }) => written)).toEqual(
            channels.map((_, index) =>
              isPlain && index === expected && index !== own ? [[bytes.toString(), 9]] : [],
            ),
          );
        },
      ),
    );
  });

  it('without a value is left to be decoded', () => {
    const channels = [new ThreadChannel()];
    const router = new KeyRouter(() => '', { channelCount: 1, maxParallelism: 128, subtaskIndex: 0 });
    const relay = new EncodedRecordRelay(
      { key: new JsonStringFinder('id'), timestamp: undefined },
      router,
      channels,
    );
    const tombstone = {
      bytes: Buffer.alloc(0),
      valueStart: -1,
      valueEnd: -1,
    };
    expect(relay.offer(tombstone, 9)).toBe(false);
  });
});
