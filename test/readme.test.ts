import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseCommandLine } from '../src/cli/command-line.js';
import { loadJobModule } from '../src/task-manager/job-module-loader.js';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

it('The job in the README is one that loads and builds its graph', async () => {
  const code = /```ts\n(.*?)```/s.exec(readme)![1]!;
  const folder = mkdtempSync(join(tmpdir(), 'millrace-readme-'));
  try {
    const file = join(folder, 'readme.job.ts');
    writeFileSync(file, code);
    const graph = (await loadJobModule(file)).buildGraph();
    expect(graph.nodes.map((node) => node.uid)).toEqual(['clicks', 'count', 'totals']);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it('The README names exactly the options that there are', () => {
  const help = parseCommandLine(['--help'], '0.0.0');
  if (help.kind !== 'print') throw new Error('There is no help.');
  const flags = (text: string) => new Set(text.match(/--[a-z][a-z-]+/g));
  const described = flags(readme);
  const existing = flags(help.text);
  for (const flag of ['--help', '--version']) existing.delete(flag);
  expect([...described].sort()).toEqual([...existing].sort());
});
