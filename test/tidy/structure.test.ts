import { posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type SourceFile, sourceFiles } from './source-files.js';

const files = sourceFiles('src');

/** The folder below src/ that a file or a relative import lies in; 'root' for src/ itself. */
function areaOf(path: string): string {
  const parts = path.split('/');
  return parts.length > 2 ? (parts[1] ?? 'root') : 'root';
}

function importedPaths(file: SourceFile, includeTypes: boolean): string[] {
  return file.imports
    .filter((each) => each.specifier.startsWith('.') && (includeTypes || !each.isTypeOnly))
    .map((each) => posix.join(posix.dirname(file.path), each.specifier).replace(/\.js$/, '.ts'));
}

function offenders(
  isForbidden: (file: SourceFile, imported: string) => boolean,
  includeTypes = true,
): string[] {
  return files.flatMap((file) =>
    importedPaths(file, includeTypes)
      .filter((imported) => isForbidden(file, imported))
      .map((imported) => `${file.path} imports ${imported}`),
  );
}

describe('the import directions', () => {
  it('keep the JobManager and the TaskManager apart: they meet in protocol/ alone', () => {
    expect(
      offenders((file, imported) => {
        const [from, to] = [areaOf(file.path), areaOf(imported)];
        return (
          (from === 'job-manager' && to === 'task-manager') ||
          (from === 'task-manager' && to === 'job-manager')
        );
      }),
    ).toEqual([]);
  });

  it('let protocol/ depend on nothing that runs', () => {
    const allowed = new Set(['protocol', 'checkpoint', 'sources', 'log']);
    expect(
      offenders((file, imported) => areaOf(file.path) === 'protocol' && !allowed.has(areaOf(imported))),
    ).toEqual([]);
    expect(
      offenders(
        (file, imported) => areaOf(file.path) === 'protocol' && areaOf(imported) !== 'protocol',
        false,
      ),
    ).toEqual([]);
  });

  it('let nothing but the entry points, the command and the examples depend on the demo', () => {
    const allowed = new Set(['demo', 'root', 'cli', 'examples']);
    expect(
      offenders((file, imported) => areaOf(imported) === 'demo' && !allowed.has(areaOf(file.path))),
    ).toEqual([]);
  });

  it('have no cycles', () => {
    const graph = new Map(files.map((file) => [file.path, importedPaths(file, false)]));
    const done = new Set<string>();
    const cycles: string[] = [];
    const visit = (path: string, trail: readonly string[]): void => {
      if (trail.includes(path)) {
        cycles.push([...trail.slice(trail.indexOf(path)), path].join(' -> '));
        return;
      }
      if (done.has(path)) return;
      for (const next of graph.get(path) ?? []) visit(next, [...trail, path]);
      done.add(path);
    };
    for (const path of graph.keys()) visit(path, []);
    expect(cycles).toEqual([]);
  });
});

describe('what is not deterministic', () => {
  const forbidden =
    /\b(Date\.now|performance\.now|Math\.random|setTimeout|setInterval|setImmediate|randomUUID)\s*\(|\bnew Date\(\)/;

  it('comes from host/ alone: clocks, timers and random numbers elsewhere would escape the simulation', () => {
    const found = files
      .filter((file) => areaOf(file.path) !== 'host')
      .flatMap((file) =>
        file.text
          .split('\n')
          .map((line, index) => ({ line, at: `${file.path}:${index + 1}` }))
          .filter(({ line }) => forbidden.test(line) && !/^\s*(\*|\/\/)/.test(line))
          .map(({ at, line }) => `${at} ${line.trim()}`),
      );
    expect(found).toEqual([]);
  });
});

describe('the files', () => {
  it('are not called utils, helpers or common', () => {
    expect(
      files.map((file) => file.path).filter((path) => /(utils?|helpers?|common|misc)(\.ts|\/)/.test(path)),
    ).toEqual([]);
  });

  it('stay small enough to be one concept', () => {
    const linesMax = 350;
    expect(
      files
        .map((file) => ({ path: file.path, lines: file.text.split('\n').length }))
        .filter(({ lines }) => lines > linesMax),
    ).toEqual([]);
  });

  it('keep the worker entries to the few lines that wire a thread', () => {
    const linesMax = 40;
    expect(
      sourceFiles('workers')
        .map((file) => ({ path: file.path, lines: file.text.split('\n').length }))
        .filter(({ lines }) => lines > linesMax),
    ).toEqual([]);
  });
});
