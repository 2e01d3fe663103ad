import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JsonValue } from '../../src/checkpoint/checkpoint-metadata.js';
import { json } from '../../src/codecs/json.js';
import { nullable } from '../../src/codecs/nullable.js';
import { string } from '../../src/codecs/string.js';
import { checkpointId } from '../../src/protocol/ids.js';
import { fileSink } from '../../src/sinks/files/file-sink.js';
import type { RollingPolicyOptions } from '../../src/sinks/files/rolling-policy.js';
import { SinkContextOfTest } from './sink-context.js';

let folder: string;
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'millrace-sink-')), 'made', 'by-the-sink');
});
afterEach(() => rmSync(join(folder, '..', '..'), { recursive: true }));

/** A sink's one writer, with the checkpoints of a JobManager that may crash. */
class FileSinkDriver {
  readonly surroundings = new SinkContextOfTest();
  readonly warnings: string[] = [];
  private readonly sink;
  private writer;
  private nextCheckpoint = 1;
  private position = 0;
  private durable: { readonly position: number; readonly committables: readonly JsonValue[] } = {
    position: 0,
    committables: [],
  };

  constructor(rolling: RollingPolicyOptions = {}) {
    this.sink = fileSink<string>({ path: folder, value: string(), suffix: '.txt', rolling });
    this.writer = this.sink.createWriter(this.surroundings.context());
  }

  write(count: number): void {
    for (let i = 0; i < count; i += 1) {
      this.writer.write(`line ${this.position}`, 0);
      this.position += 1;
    }
  }

  writeUpTo(position: number): void {
    this.write(position - this.position);
  }

  /** Takes a checkpoint; a writer that is not notified has crashed before it could be. */
  async checkpoint(outcome: 'notified' | 'not-notified' | 'aborted', writtenMeanwhile = 0): Promise<void> {
    const id = checkpointId(this.nextCheckpoint++);
    const { position } = this;
    const prepared = this.writer.prepare(id);
    this.write(writtenMeanwhile);
    expect(await prepared).toEqual([]);
    if (outcome === 'aborted') {
      this.writer.notifyCheckpointAborted(id);
      return;
    }
    const committables = JSON.parse(JSON.stringify(this.writer.ownCommittables?.())) as JsonValue[];
    this.durable = { position, committables };
    if (outcome === 'notified') this.writer.notifyCheckpointComplete(id);
  }

  notify(id: number): void {
    this.writer.notifyCheckpointComplete(checkpointId(id));
  }

  async crash(): Promise<void> {
    await this.writer.close();
    await this.settle();
    this.writer = this.sink.createWriter(this.surroundings.context());
    this.position = this.durable.position;
  }

  settle(): Promise<void> {
    const warn = (message: string): void => void this.warnings.push(message);
    return this.sink.settle!({ committables: this.durable.committables, warn });
  }

  async finish(): Promise<void> {
    this.writer.endInput?.();
    await this.checkpoint('notified');
    await this.writer.close();
  }

  close(): Promise<void> {
    return this.writer.close();
  }
}

const finished = (): string[] => {
  try {
    return readdirSync(folder).filter((name) => !name.startsWith('.'));
  } catch {
    return [];
  }
};
const inProgress = (): string[] => readdirSync(folder).filter((name) => name.startsWith('.'));
const linesOf = (name: string): string[] => readFileSync(join(folder, name), 'utf8').split('\n').slice(0, -1);
const allLines = (): string[] => finished().flatMap(linesOf);
const lines = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, i) => `line ${from + i}`);
const inOrder = (texts: readonly string[]): string[] =>
  [...texts].sort((a, b) => Number(a.split(' ')[1]) - Number(b.split(' ')[1]));

describe('a file sink', () => {
  it('shows a file when it was rolled and the checkpoint behind that is complete, and not before', async () => {
    const driver = new FileSinkDriver('on-checkpoint');
    driver.write(3);
    await driver.checkpoint('aborted');
    expect(finished()).toEqual([]);
    await driver.checkpoint('notified');
    await expect.poll(finished).toHaveLength(1);
    expect(allLines()).toEqual(lines(0, 3));
    expect(finished()[0]).toMatch(/^part-0-[0-9a-f-]{13}-0\.txt$/);
    await driver.close();
  });

  it('names each file once, however soon the next checkpoint is complete', async () => {
    const driver = new FileSinkDriver('on-checkpoint');
    for (let round = 0; round < 5; round += 1) {
      driver.write(2);
      await driver.checkpoint('aborted');
    }
    driver.notify(3);
    driver.notify(4);
    driver.notify(5);
    await expect.poll(finished).toHaveLength(5);
    await driver.close();
    expect(driver.surroundings.failures).toEqual([]);
    expect(inOrder(allLines())).toEqual(lines(0, 10));
  });

  it('keeps a part in progress over checkpoints until it is large or old enough', async () => {
    const driver = new FileSinkDriver({ partSize: 49, rolloverInterval: '10s', inactivityInterval: '3s' });
    driver.write(2);
    await driver.checkpoint('notified');
    await driver.checkpoint('notified');
    driver.write(5);
    expect(finished()).toEqual([]);
    await driver.checkpoint('notified');
    await expect.poll(finished).toHaveLength(1);
    expect(allLines()).toEqual(lines(0, 7));
    driver.write(1);
    await driver.surroundings.clock.advance(2_000);
    driver.write(1);
    await driver.surroundings.clock.advance(2_000);
    await driver.checkpoint('notified');
    await driver.surroundings.clock.advance(1_000);
    await driver.checkpoint('notified');
    await expect.poll(finished).toHaveLength(2);
    await driver.close();
  });

  it('at the end of the input, finishes what is in progress with the last checkpoint', async () => {
    const driver = new FileSinkDriver();
    driver.write(4);
    await driver.finish();
    expect(allLines()).toEqual(lines(0, 4));
    expect(inProgress()).toEqual([]);
  });

  it('has each line once, in order in each file, whatever crashes come between', async () => {
    const action = fc.oneof(
      fc.record({ kind: fc.constant('write' as const), count: fc.integer({ min: 1, max: 30 }) }),
      fc.record({
        kind: fc.constant('checkpoint' as const),
        outcome: fc.constantFrom('notified', 'not-notified', 'aborted'),
        meanwhile: fc.nat(5),
      }),
      fc.record({ kind: fc.constant('crash' as const) }),
    );
    const policies = fc.constantFrom<RollingPolicyOptions>('on-checkpoint', { partSize: 100 }, {});
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 20 }), policies, async (actions, rolling) => {
        rmSync(folder, { recursive: true, force: true });
        const driver = new FileSinkDriver(rolling);
        for (const each of actions) {
          if (each.kind === 'write') driver.write(each.count);
          else if (each.kind === 'crash') await driver.crash();
          else {
            await driver.checkpoint(each.outcome, each.meanwhile);
            if (each.outcome === 'not-notified') await driver.crash();
          }
        }
        driver.writeUpTo(700);
        await driver.finish();
        expect(inOrder(allLines())).toEqual(lines(0, 700));
        for (const name of finished()) expect(linesOf(name)).toEqual(inOrder(linesOf(name)));
        expect(inProgress()).toEqual([]);
        expect([driver.warnings, driver.surroundings.failures]).toEqual([[], []]);
      }),
      { numRuns: 40 },
    );
  });

  it('commits what a checkpoint names as often as asked, and says when a finished file is gone', async () => {
    const driver = new FileSinkDriver('on-checkpoint');
    driver.write(3);
    await driver.checkpoint('not-notified');
    driver.write(2);
    await driver.crash();
    await driver.settle();
    expect(allLines()).toEqual(lines(0, 3));
    expect(inProgress()).toEqual([]);
    renameSync(join(folder, finished()[0]!), join(folder, '..', 'taken'));
    await driver.settle();
    expect(driver.warnings).toMatchObject([expect.stringContaining('moved or removed since its commit')]);
    await driver.close();
  });

  it('fails when a file that a checkpoint names has lost bytes', async () => {
    const driver = new FileSinkDriver('on-checkpoint');
    driver.write(3);
    await driver.checkpoint('not-notified');
    truncateSync(join(folder, inProgress()[0]!), 5);
    await expect(driver.settle()).rejects.toThrow(/has 5 bytes, but the checkpoint counts on 21/);
    await driver.close();
  });

  it('leaves other files of its folder alone', async () => {
    const driver = new FileSinkDriver();
    driver.write(1);
    await driver.checkpoint('aborted');
    for (const name of ['.other-1.inprogress', 'part-1', '.part-notes'])
      writeFileSync(join(folder, name), '');
    await driver.crash();
    expect(readdirSync(folder).sort()).toEqual(['.other-1.inprogress', '.part-notes', 'part-1']);
    await driver.close();
  });

  it('fails its attempt, naming the folder, where it can’t write', async () => {
    writeFileSync(join(folder, '..', '..', 'made'), 'a file');
    const driver = new FileSinkDriver();
    driver.write(1);
    await expect(driver.checkpoint('notified')).rejects.toThrow(/Could not write .*a file stands where/);
    await driver.close();
  });

  it('writes lines longer than its block, and refuses nulls', async () => {
    const sink = fileSink<{ text: string } | null>({ path: folder, value: nullable(json()) });
    const writer = sink.createWriter(new SinkContextOfTest().context());
    const text = 'x'.repeat(600_000);
    for (const value of [{ text: 'a' }, { text }, { text: 'b' }]) writer.write(value, 0);
    writer.endInput?.();
    await writer.prepare(checkpointId(1));
    writer.notifyCheckpointComplete(checkpointId(1));
    await writer.close();
    expect(allLines().map((line) => (JSON.parse(line) as { text: string }).text.length)).toEqual([
      1, 600_000, 1,
    ]);
    expect(() => writer.write(null, 0)).toThrow(/was given a null/);
  });

  it('refuses wrong options, all in one message', () => {
    expect(() => fileSink({ path: '', value: string(), prefix: 'a/b', rolling: { partSize: 0 } })).toThrow(
      /path is empty; prefix is "a\/b".*; rolling.partSize is 0/,
    );
  });
});
