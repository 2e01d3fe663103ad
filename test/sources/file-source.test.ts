import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { json } from '../../src/codecs/json.js';
import { string } from '../../src/codecs/string.js';
import type { LogClient } from '../../src/log/log-port.js';
import { fileSource } from '../../src/sources/files/file-source.js';
import type { Source, SourceReader, SourceSplit, SourceStatus } from '../../src/sources/source.js';
import { SimulatedClock } from '../simulation/simulated-clock.js';
import { SimulatedRandom } from '../simulation/simulated-random.js';
import { CollectingSourceOutput } from './collecting-source-output.js';

const noLog = async (): Promise<LogClient> => {
  throw new Error('This source needs no log.');
};

let folder: string;
const readers: SourceReader[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-files-'));
});
afterEach(async () => {
  await Promise.all(readers.splice(0).map((reader) => reader.close()));
  rmSync(folder, { recursive: true });
});

const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);

function open<T>(source: Source<T>, splits: readonly SourceSplit[]) {
  const output = new CollectingSourceOutput<T>();
  const clock = new SimulatedClock(new SimulatedRandom(1));
  const reader = source.createReader(output.context(clock, noLog));
  readers.push(reader);
  reader.addSplits(splits);
  return { output, reader };
}

/** Until the reader has nothing more, or has failed. */
async function drain(
  reader: SourceReader,
  output: CollectingSourceOutput<unknown>,
  recordsMax = 100,
): Promise<SourceStatus> {
  for (;;) {
    const seen = output.wakeUps;
    const status = reader.emitNext(recordsMax);
    if (status === 'end-of-input') return status;
    if (status === 'more-available') continue;
    try {
      await vi.waitUntil(() => output.wakeUps > seen || output.failures.length > 0, {
        timeout: 300,
        interval: 1,
      });
    } catch {
      return status;
    }
    if (output.failures.length > 0) return status;
  }
}

async function readAll<T>(source: Source<T>): Promise<readonly T[]> {
  const { output, reader } = open(source, await source.discoverSplits({ log: noLog }));
  expect(await drain(reader, output)).toBe('end-of-input');
  return output.values;
}

describe('a file source', () => {
  it('reads the lines of all files in the order of their paths, then ends', async () => {
    write('b.txt', 'three\r\nfour\n');
    write('a.txt', '\uFEFFone\n\ntwo');
    write('.hidden', 'never');
    write('empty.txt', '');
    expect(await readAll(fileSource({ paths: folder, value: string() }))).toEqual([
      'one',
      '',
      'two',
      'three',
      'four',
    ]);
  });

  it('names a line by its file and the byte at which it begins', async () => {
    write('a.txt', 'one\r\nzwei €\n\nthree');
    const source = fileSource({ paths: folder, value: string() });
    const splits = await source.discoverSplits({ log: noLog });
    const { output, reader } = open(source, splits);
    await drain(reader, output);
    expect(splits.map((split) => source.describePlace(split))).toEqual([
      `file ${join(folder, 'a.txt')}, byte`,
    ]);
    expect(output.emitted.map(({ value, position }) => `${value} ${position}`)).toEqual([
      'one 0',
      'zwei € 5',
      ' 14',
      'three 15',
    ]);
  });

  it('takes globs, and decodes JSON', async () => {
    write('a.jsonl', '{"n":1}\n{"n":2}\n');
    write('a.csv', 'n\n1\n');
    const source = fileSource({ paths: [join(folder, '*.jsonl')], value: json<{ n: number }>() });
    expect(await readAll(source)).toEqual([{ n: 1 }, { n: 2 }]);
  });

  it('takes what is there under just this name for no glob', async () => {
    write('a[1].txt', 'brackets\n');
    write('a1.txt', 'none\n');
    const only = fileSource({ paths: join(folder, 'a[1].txt'), value: string() });
    expect(await readAll(only)).toEqual(['brackets']);
  });

  it('reads lines of any length, whatever the chunks, from any checkpoint on', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(300_000), { minLength: 1, maxLength: 6 }),
        fc.nat(5),
        fc.boolean(),
        async (lengths, restoreAfter, endsWithNewline) => {
          const lines = lengths.map((length, i) => `${i}:${'x'.repeat(length)}`);
          write('lines', lines.join('\n') + (endsWithNewline ? '\n' : ''));
          const source = fileSource({ paths: join(folder, 'lines'), value: string() });
          const first = open(source, await source.discoverSplits({ log: noLog }));
          while (first.output.values.length < Math.min(restoreAfter, lines.length)) {
            first.reader.emitNext(1);
            await new Promise((resolve) => setImmediate(resolve));
          }
          const second = open(source, first.reader.snapshotSplits());
          expect(await drain(second.reader, second.output)).toBe('end-of-input');
          expect([...first.output.values, ...second.output.values]).toEqual(lines);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('watches for new files, and numbers them behind those it knows', async () => {
    const source = fileSource({ paths: folder, value: string(), monitorInterval: '1s' });
    expect(source.discoveryIntervalMs).toBe(1_000);
    expect(await source.discoverSplits({ log: noLog })).toEqual([]);
    write('b', 'one\n');
    const found = await source.discoverNewSplits!({ log: noLog }, new Set());
    write('a', 'two\n');
    const later = await source.discoverNewSplits!({ log: noLog }, new Set(found.map((each) => each.splitId)));
    expect([...found, ...later].map(({ index }) => index)).toEqual([0, 1]);
    const { output, reader } = open(source, found);
    expect(await drain(reader, output)).toBe('nothing-available');
    reader.addSplits(later);
    expect(await drain(reader, output)).toBe('nothing-available');
    expect(output.values).toEqual(['one', 'two']);
    expect(output.finished).toHaveLength(2);
  });

  it('names the file and the byte of a line that it can’t decode, or leaves such lines out', async () => {
    write('a', '{"n":1}\nnonsense\n{"n":2}\n');
    const source = fileSource({ paths: folder, value: json() });
    await expect(readAll(source)).rejects.toThrow(/line at byte 8 of .*\/a: .*onUndecodable/);
    expect(await readAll(fileSource({ paths: folder, value: json(), onUndecodable: 'skip' }))).toEqual([
      { n: 1 },
      { n: 2 },
    ]);
  });

  it('fails when a file is shorter than it was', async () => {
    write('a', 'one\ntwo\n');
    const source = fileSource({ paths: folder, value: string() });
    const splits = await source.discoverSplits({ log: noLog });
    truncateSync(join(folder, 'a'), 4);
    const { output, reader } = open(source, splits);
    await drain(reader, output);
    expect(output.values).toEqual(['one']);
    expect(output.failures).toMatchObject([
      { message: expect.stringContaining('had 8 bytes when it was found') },
    ]);
  });

  it('refuses a path that leads nowhere, and options that make no sense', async () => {
    const source = fileSource({ paths: join(folder, '*.txt'), value: string() });
    await expect(source.discoverSplits({ log: noLog })).rejects.toThrow(/finds no file/);
    expect(() => fileSource({ paths: [], value: string() })).toThrow(/paths is empty/);
    expect(() => fileSource({ paths: 'a', value: string(), monitorInterval: 0 })).toThrow(
      /monitorInterval is 0/,
    );
  });
});
