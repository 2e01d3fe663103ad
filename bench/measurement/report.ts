import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import { join } from 'node:path';
import { EventGenerator } from '#dist/demo/event-generator.js';

/** What else the machine did when the benchmark began; figures of a busy machine are to be read as such. */
const loadAverageAtStart = loadavg()[0];
const jsonParseMicroseconds = measureJsonParse();

/** Writes a result beside what the figures depend on: `bench/results/<name>.json`, below the working directory. */
export function writeResult(name: string, result: object): void {
  const folder = join('bench', 'results');
  mkdirSync(folder, { recursive: true });
  const machine = {
    cores: availableParallelism(),
    cpu: cpus()[0]?.model ?? 'unknown',
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    loadAverageAtStart,
    jsonParseMicroseconds,
  };
  const path = join(folder, `${name}.json`);
  writeFileSync(path, `${JSON.stringify({ benchmark: name, machine, ...result }, undefined, 2)}\n`);
  process.stdout.write(`Written to ${path}.\n`);
}

/** Columns as wide as their widest cell, numbers to the right. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
    ),
  );
  return `${lines.map((cells) => cells.join('  ')).join('\n')}\n`;
}

/** 1234567 as "1,234,567". */
export function formatCount(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** The run whose throughput is the median: its other figures belong to it. */
export function medianBy<T>(runs: readonly T[], measure: (run: T) => number): T {
  const median = [...runs].sort((a, b) => measure(a) - measure(b))[runs.length >> 1];
  if (median === undefined) throw new Error('There is no median of no runs.');
  return median;
}

/**
 * A yardstick for this machine at this time: CPU microseconds to parse one of the benchmarks' events, the best of
 * some rounds. It is the largest single part of most jobs, and 2.0 on the machine of the reference figures.
 */
function measureJsonParse(): number {
  const generator = new EventGenerator();
  const texts = Array.from({ length: 1_000 }, (_, index) => JSON.stringify(generator.eventAt(index)));
  const rounds = Array.from({ length: 50 }, () => {
    const before = process.cpuUsage();
    for (const text of texts) JSON.parse(text);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / texts.length;
  });
  return Math.round(Math.min(...rounds) * 100) / 100;
}
