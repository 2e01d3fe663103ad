import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createJiti } from 'jiti';
import { expect, it } from 'vitest';
import { parseCommandLine } from '../src/cli/command-line.js';
import * as millrace from '../src/index.js';
import { sinkOptionNames } from '../src/sinks/log-sink.js';
import { sourceOptionNames } from '../src/sources/source-settings.js';
import { loadJobModule } from '../src/task-manager/job-module-loader.js';
import * as testing from '../src/testing.js';

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

it('The test in the README passes', async () => {
  const [job, test] = [/```ts\n(.*?)export default/s, /```ts\n(import \{ openHarness.*?)```/s].map(
    (pattern) => pattern.exec(readme)![1]!,
  );
  const code = `${job}\n${test}\nexport { harness };`.replace(
    'import {',
    "import assert from 'node:assert/strict';\nimport { type DataStream,",
  );
  const folder = mkdtempSync(join(tmpdir(), 'millrace-readme-'));
  const file = join(folder, 'readme.test.ts');
  writeFileSync(file, code);
  const virtualModules = { millrace, 'millrace/testing': testing };
  const module = createJiti(file, { virtualModules, interopDefault: false }).import(file);
  const { harness } = (await module) as { harness: testing.StreamsHarness<unknown[], { totals: unknown }> };
  expect(harness.outputs.totals.values).toHaveLength(2);
  await harness.close();
  rmSync(folder, { recursive: true });
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

it.each([
  ['kafkaSource', sourceOptionNames],
  ['kafkaSink', sinkOptionNames],
])('The table of %s in the README names each option that there is, and no other', (name, existing) => {
  const [, table = ''] = new RegExp(`\\| option of \`${name}\`.*\\n\\|-.*\\n((?:\\|.*\\n)+)`).exec(readme)!;
  const firstCells = table.split('\n').map((row) => row.split('|')[1] ?? '');
  const described = firstCells.flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, option]) => option));
  expect(described.sort()).toEqual(Object.keys(existing).sort());
});
