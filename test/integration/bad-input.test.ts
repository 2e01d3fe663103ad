import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import type { KeyedStateHandle } from '../../src/state/keyed-state-backend.js';
import { sleep } from '../log/collecting-reader.js';
import { record } from '../log/embedded/log-folder.js';
import { createTallies, expectExactTallies, startCounting } from './counting-job.js';
import { MillraceProcess } from './millrace-process.js';
import { StateFolder } from './state-folder.js';

/** Whole processes run here, beside whatever else the machine does. */
vi.setConfig({ testTimeout: 240_000 });

const parsingJob = fileURLToPath(new URL('./jobs/parsing.job.ts', import.meta.url));

/** One error, without a stack, and exit code 1. */
async function expectOneSentence(run: MillraceProcess, sentence: RegExp): Promise<void> {
  await run.endsWith(1);
  const errors = run.log.filter((line) => line.includes(' ERROR '));
  expect(errors).toEqual([expect.stringMatching(sentence)]);
  expect(run.log.filter((line) => /^\s+at /.test(line))).toEqual([]);
  expect(run.matches(/caused by/)).toEqual([]);
}

describe('A job file', () => {
  it.each([
    [
      'that parses wrongly',
      "import { defineJob } from 'millrace'; (",
      /can't be parsed: .* at .*broken\.job\.ts:\d/,
    ],
    ['that exports no job', 'export const x = 1;', /exports no job: end it with "export default defineJob/],
    ['that throws while it loads', "throw new Error('no luck');", /failed while it was loaded: no luck/],
    [
      'that throws while it builds',
      "import { defineJob } from 'millrace'; export default defineJob('x', () => { throw new Error('no luck'); });",
      /The job "x" failed while it described its streams: no luck \(at .*broken\.job\.ts/,
    ],
    [
      'that imports what is not there',
      "import { y } from './y.js'; export default y;",
      /failed while it was loaded: Cannot find module '\.\/y\.js'/,
    ],
  ])('%s is one clear sentence', async (_, code, sentence) => {
    const folder = new StateFolder();
    const file = join(folder.outside, 'broken.job.ts');
    writeFileSync(file, code);
    await expectOneSentence(new MillraceProcess(['--job', file, '--state-dir', folder.path]), sentence);
  });

  it('that is missing is one clear sentence', async () => {
    const run = new MillraceProcess(['--job', '/nowhere/none.job.ts']);
    await expectOneSentence(run, /The job file \/nowhere\/none\.job\.ts does not exist: check the path/);
  });
});

describe('The log', () => {
  it('without the topic is one clear sentence', async () => {
    const folder = new StateFolder();
    const run = new MillraceProcess(['--job', parsingJob, '--state-dir', folder.path]);
    await expectOneSentence(run, /Topic "?texts"? does not exist\. Correct the name, or create /);
  });

  it('that can’t be reached is one clear sentence, soon', async () => {
    const folder = new StateFolder();
    const startedMs = performance.now();
    const run = new MillraceProcess(['--brokers', 'localhost:1', '--state-dir', folder.path]);
    await expectOneSentence(run, /localhost:1.*(ECONNREFUSED|connect).*[Ss]tart the broker, or correct/);
    expect(performance.now() - startedMs).toBeLessThan(30_000);
  });

  it('with a record that is no JSON fails the job once, naming the record', async () => {
    const folder = new StateFolder();
    await folder.createTopics({ texts: 2 });
    const texts = ['{}', '1', '[2]', 'no json', '{}'];
    await folder.append(texts.map((text) => record('texts', text, 1)));
    await expectOneSentence(
      new MillraceProcess(['--job', parsingJob, '--state-dir', folder.path]),
      /Source "texts" can't decode the record at topic texts, partition 1, offset 3: .*"no json"\. .*onUndecodable: 'skip'/,
    );
  });
});

describe('A state folder', () => {
  it.each([
    ['below a file', (folder: StateFolder) => join(folder.marker, 'state')],
    ['on a file system that takes none', () => '/proc/millrace'],
  ])('%s is one clear sentence', async (_, pathOf) => {
    const folder = new StateFolder();
    writeFileSync(folder.marker, 'a file');
    const run = new MillraceProcess(['--state-dir', pathOf(folder)]);
    await expectOneSentence(run, /Could not open .*--state-dir/);
  });

  it('of another job is refused, and goes on with its own', async () => {
    const folder = await killedInTheMiddle();
    const other = new MillraceProcess(['--state-dir', folder.path, '--generate', '10']);
    await expectOneSentence(other, /belongs to the job "counting", not to "event-trigger".*--state-dir/);
    await startCounting(folder).endsWith(0);
    await expectExactTallies(folder);
  });

  it('whose newest checkpoint is damaged is refused, and goes on once it is put back', async () => {
    const folder = await killedInTheMiddle();
    const path = join(folder.path, 'checkpoints', `chk-${folder.newestCheckpoint()?.checkpointId}.json`);
    await expectRefusedWhileDamaged(
      folder,
      path,
      /chk-\d+\.json is damaged: its checksum does not match.*backup/,
    );
  });

  it('with a damaged segment is refused, and goes on once it is put back', async () => {
    const folder = await killedInTheMiddle();
    const path = segmentsOf(folder).at(-1) as string;
    await expectRefusedWhileDamaged(folder, path, /The state segment .* of checkpoint \d+ .*--fresh/);
  });

  it('without its LMDB base is refused, and goes on once it is put back', async () => {
    const folder = await killedInTheMiddle();
    const base = join(folder.path, 'slots', '1', 'base');
    renameSync(base, `${base}-away`);
    await expectOneSentence(
      startCounting(folder),
      /The state store of operator "count" in .*, which checkpoint \d+ names, is not there\. .*--fresh/,
    );
    rmSync(base, { recursive: true, force: true });
    renameSync(`${base}-away`, base);
    await startCounting(folder).endsWith(0);
    await expectExactTallies(folder);
  });
});

/** Killed while segments of complete checkpoints wait for their merge, which runs once a second at most. */
async function killedInTheMiddle(): Promise<StateFolder> {
  const folder = new StateFolder();
  await createTallies(folder);
  do {
    const run = startCounting(folder);
    await run.untilLine(/First record processed/);
    while (segmentsOf(folder).length === 0) await sleep(5);
    run.kill('SIGKILL');
    await run.end();
  } while (segmentsOf(folder).length === 0);
  return folder;
}

/** The segment files that the newest checkpoint names and that are not merged yet, oldest first. */
function segmentsOf(folder: StateFolder): string[] {
  return (folder.newestCheckpoint()?.subtasks ?? []).flatMap(({ snapshot, subtaskIndex, operatorUid }) => {
    const handle = snapshot.keyedState as unknown as KeyedStateHandle | undefined;
    const segments = join(folder.path, 'slots', String(subtaskIndex), 'segments', operatorUid);
    return (handle?.segments ?? [])
      .map(({ checkpointId, attempt }) => join(segments, `${checkpointId}-${attempt}.segment`))
      .filter((path) => existsSync(path));
  });
}

/** A single changed byte must be seen, and must not be made worse by having been looked at. */
async function expectRefusedWhileDamaged(folder: StateFolder, path: string, sentence: RegExp): Promise<void> {
  const intact = readFileSync(path);
  const damaged = Buffer.from(intact);
  const middle = damaged.length >> 1;
  damaged.writeUInt8((damaged[middle] ?? 0) ^ 1, middle);
  writeFileSync(path, damaged);
  await expectOneSentence(startCounting(folder), sentence);
  writeFileSync(path, intact);
  await startCounting(folder).endsWith(0);
  await expectExactTallies(folder);
}
