import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { describeFileError } from '../../src/host/file-error-sentence.js';
import { FileWriteError } from '../../src/host/files.js';
import { NodeFiles } from '../../src/host/node-files.js';

let folder: string;
let files: NodeFiles;
const bytes = (text: string) => new TextEncoder().encode(text);
const text = (content: Uint8Array | undefined) => content && new TextDecoder().decode(content);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-files-'));
  files = new NodeFiles(join(folder, 'state', 'job'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('a written file is read back, in folders that did not exist', async () => {
  await files.writeAtomically('a/b/one', bytes('first'));
  await files.writeAtomically('a/b/one', bytes('second'));
  await files.writeAtomically('top', bytes('t'));
  expect(text(await files.read('a/b/one'))).toBe('second');
  expect(text(await files.read('top'))).toBe('t');
  expect(await readdir(join(folder, 'state', 'job', 'a', 'b'))).toEqual(['one']);
});

test('a missing file is undefined and a missing folder is empty', async () => {
  expect(await files.read('nothing')).toBeUndefined();
  expect(await files.list('nowhere')).toEqual([]);
  await files.remove('nothing');
});

test('a folder lists its files sorted, without its sub-folders', async () => {
  for (const name of ['c', 'a', 'b']) await files.writeNew(`f/${name}`, bytes(name));
  await files.writeNew('f/sub/x', bytes('x'));
  expect(await files.list('f')).toEqual(['a', 'b', 'c']);
});

test('a removed folder can be written again', async () => {
  await files.writeNew('f/x', bytes('1'));
  await files.remove('f');
  expect(await files.read('f/x')).toBeUndefined();
  await files.writeNew('f/x', bytes('2'));
  expect(text(await files.read('f/x'))).toBe('2');
});

test('a new file never replaces another', async () => {
  await files.writeNew('f', bytes('1'));
  await expect(files.writeNew('f', bytes('2'))).rejects.toThrow(/exists already/);
  expect(text(await files.read('f'))).toBe('1');
});

test('a write that fails before its rename leaves the old file and no temporary one, and says so', async () => {
  await files.writeAtomically('f/x', bytes('old'));
  // A folder in the temporary file's place fails the write whoever runs the test, also root.
  await mkdir(join(folder, 'state', 'job', 'f', 'x.tmp'));
  const error = await files.writeAtomically('f/x', bytes('new')).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(FileWriteError);
  expect(error).toMatchObject({ outcome: 'not-written', domain: 'outside-system', action: 'restart' });
  expect(text(await files.read('f/x'))).toBe('old');
});

test('a write that fails at its rename has an unknown outcome', async () => {
  await mkdir(join(folder, 'state', 'job', 'x', 'occupied'), { recursive: true });
  const error = await files.writeAtomically('x', bytes('new')).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ outcome: 'unknown' });
});

test('a file where a folder is needed is a sentence that says what to do', async () => {
  await writeFile(join(folder, 'state'), '');
  await expect(files.writeAtomically('x', bytes('1'))).rejects.toThrow(/Could not write .*--state-dir/s);
});

test.each([
  ['ENOSPC', /full.*nothing that was already written is lost/],
  ['EROFS', /read-only file system.*--state-dir/],
  ['EACCES', /no permission.*--state-dir/],
  ['EIO', /disk reported an error/],
])('%s is explained', (code, sentence) => {
  const error = Object.assign(new Error(`${code}: raw`), { code });
  expect(describeFileError('write', '/data/chk-1.json', error)).toMatch(sentence);
  expect(describeFileError('write', '/data/chk-1.json', error)).toContain('/data/chk-1.json');
});

test('the bytes on disk are exactly those that were given', async () => {
  const every = Uint8Array.from({ length: 256 }, (_, i) => i);
  await files.writeNew('bytes', every);
  expect(new Uint8Array(await readFile(join(folder, 'state', 'job', 'bytes')))).toEqual(every);
});
