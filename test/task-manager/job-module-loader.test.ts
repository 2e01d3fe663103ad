import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KeyedProcessFunction, OutputTag } from '../../src/index.js';
import { loadJobModule } from '../../src/task-manager/job-module-loader.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-job-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, text);
  return path;
}

const emptyJob = `import { defineJob } from 'millrace'; export default defineJob('a-job', () => {});`;

describe('loadJobModule', () => {
  it('loads a TypeScript file as it stands, with enums, types and modules of its own', async () => {
    file('colours.ts', 'export enum Colour { red = 3 }\nexport interface Unused { readonly a: number }');
    const path = file(
      'typed.job.ts',
      `import { defineJob } from 'millrace';
       import { Colour, type Unused } from './colours.js';
       const unused: Unused = { a: 1 };
       export default defineJob('job-' + (Colour.red as number) + unused.a, () => {});`,
    );
    expect((await loadJobModule(path)).name).toBe('job-31');
  });

  it.each(['plain.js', 'plain.mjs', 'plain.mts', 'deep/in/folders.ts'])('loads %s', async (name) => {
    expect((await loadJobModule(file(name, emptyJob))).name).toBe('a-job');
  });

  it('loads a CommonJS file', async () => {
    const path = file(
      'common.js',
      `const { defineJob } = require('millrace'); module.exports = defineJob('c', () => {});`,
    );
    expect((await loadJobModule(path)).name).toBe('c');
  });

  it('gives every module of the job this very copy of Millrace, though another is installed beside it', async () => {
    file('node_modules/millrace/package.json', '{"name":"millrace","type":"module","exports":"./index.js"}');
    file('node_modules/millrace/index.js', 'throw new Error("The wrong copy was loaded.");');
    file('tags.ts', `import { OutputTag } from 'millrace'; export { OutputTag };`);
    const path = file(
      'identity.ts',
      `import { defineJob, KeyedProcessFunction } from 'millrace';
       import { OutputTag } from './tags.js';
       Object.assign(globalThis, { loadedByJob: { KeyedProcessFunction, OutputTag } });
       export default defineJob('identity', () => {});`,
    );
    await loadJobModule(path);
    const { loadedByJob } = globalThis as unknown as { loadedByJob: Record<string, unknown> };
    expect(loadedByJob.KeyedProcessFunction).toBe(KeyedProcessFunction);
    expect(loadedByJob.OutputTag).toBe(OutputTag);
  });

  it('says where a missing file was looked for', async () => {
    await expect(loadJobModule(join(folder, 'nowhere.ts'))).rejects.toThrow(
      `The job file ${folder}/nowhere.ts does not exist: check the path after --job.`,
    );
  });

  it('refuses a folder, and a file that is no module', async () => {
    await expect(loadJobModule(folder)).rejects.toThrow('is a folder');
    await expect(loadJobModule(file('job.json', '{}'))).rejects.toThrow('must end in .ts');
  });

  it('names file and line of what can’t be parsed, in the job file or in what it imports', async () => {
    const path = file('torn.ts', 'const a = 1;\nconst b: number = ;\n');
    await expect(loadJobModule(path)).rejects.toThrow(
      `The job file ${path} can't be parsed: Unexpected token at ${path}:2:18.`,
    );
    const importing = file('importing.ts', `import './torn.js';\n${emptyJob}`);
    await expect(loadJobModule(importing)).rejects.toThrow(`at ${path}:2:18.`);
  });

  it('passes on what the file threw, with its cause', async () => {
    const path = file('throwing.ts', `throw new TypeError('No such table.');`);
    await expect(loadJobModule(path)).rejects.toMatchObject({
      name: 'MillraceError',
      domain: 'user-code',
      action: 'fail-job',
      message: `The job file ${path} failed while it was loaded: No such table.`,
      cause: expect.objectContaining({ message: 'No such table.' }),
    });
  });

  it('names a package that is not installed', async () => {
    const path = file('needy.ts', `import 'no-such-package';\n${emptyJob}`);
    await expect(loadJobModule(path)).rejects.toThrow(/failed while it was loaded: .*no-such-package/);
  });

  it.each([
    ['nothing', 'export {};'],
    ['something else', 'export default { name: "no job" };'],
    ['undefined', 'export default undefined;'],
    ['a job that is not the default', emptyJob.replace('export default', 'export const job =')],
  ])('refuses a file that exports %s', async (what, text) => {
    const path = file(`exports ${what}.ts`, text);
    await expect(loadJobModule(path)).rejects.toThrow(`The job file ${path} exports no job`);
  });

  it('loads the same file in a worker thread of the built package', async () => {
    const path = file(
      'threaded.job.ts',
      'enum E { a = 7 }\n'.concat(emptyJob.replace("'a-job'", "'job-' + E.a")),
    );
    const loader = new URL('../../dist/task-manager/job-module-loader.js', import.meta.url).href;
    const worker = new Worker(
      `const { parentPort, workerData } = require('node:worker_threads');
       import(workerData.loader)
         .then(({ loadJobModule }) => loadJobModule(workerData.path))
         .then((job) => parentPort.postMessage(job.name));`,
      { eval: true, workerData: { loader, path } },
    );
    const name = await new Promise((resolve, reject) => {
      worker.on('message', resolve).on('error', reject);
    });
    await worker.terminate();
    expect(name).toBe('job-7');
  });
});
