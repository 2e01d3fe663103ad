import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lockStateDir } from '../../src/host/state-dir-lock.js';

let folder: string;
let holder: ChildProcess | undefined;

beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'millrace-lock-')), 'state');
});
afterEach(async () => {
  holder?.kill('SIGKILL');
  holder = undefined;
  await rm(join(folder, '..'), { recursive: true, force: true });
});

async function holdInAnotherProcess(): Promise<ChildProcess> {
  const script = fileURLToPath(new URL('./hold-state-dir.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'jiti/register', script, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  holder = child;
  const [chunk] = (await once(child.stdout, 'data')) as [Buffer];
  expect(chunk.toString()).toBe('locked\n');
  return child;
}

test('a second process is refused at once, with the folder and the first one’s process id', async () => {
  const child = await holdInAnotherProcess();
  const error: unknown = await lockStateDir(folder).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ action: 'fail-job' });
  expect(String(error)).toContain(folder);
  expect(String(error)).toContain(`process ${child.pid} on `);
  expect(String(error)).toContain('--state-dir');
});

test('after kill -9 the folder is free at once', async () => {
  const child = await holdInAnotherProcess();
  child.kill('SIGKILL');
  await once(child, 'exit');
  const lock = await lockStateDir(folder);
  await lock.release();
});

test('a released folder can be locked again, and a locked one not, within one process', async () => {
  const first = await lockStateDir(folder);
  await expect(lockStateDir(folder)).rejects.toThrow(/in use by another process/);
  await first.release();
  const second = await lockStateDir(folder);
  await second.release();
});

test('a folder that can’t be made is a sentence that says what to do', async () => {
  await writeFile(folder, 'a file in its place');
  await expect(lockStateDir(folder)).rejects.toThrow(/Could not open .*--state-dir/s);
});

test.runIf(process.platform === 'linux')('a file system that makes no folders is told at once', async () => {
  await expect(lockStateDir('/proc/millrace/state')).rejects.toThrow(/Could not open .*--state-dir/s);
});
