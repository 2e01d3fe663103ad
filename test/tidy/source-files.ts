import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

export const repositoryRoot = fileURLToPath(new URL('../..', import.meta.url));

export interface SourceFile {
  /** From the repository's root, with `/`. */
  readonly path: string;
  readonly text: string;
  /** Import specifiers as written; `isTypeOnly` for `import type`. */
  readonly imports: readonly { readonly specifier: string; readonly isTypeOnly: boolean }[];
}

export function sourceFiles(folder: string): SourceFile[] {
  const root = join(repositoryRoot, folder);
  return readdirSync(root, { recursive: true })
    .map((name) => join(root, String(name)))
    .filter((path) => path.endsWith('.ts') && statSync(path).isFile())
    .map((path) => {
      const text = readFileSync(path, 'utf8');
      return { path: relative(repositoryRoot, path).split(sep).join('/'), text, imports: importsOf(text) };
    });
}

function importsOf(text: string): { specifier: string; isTypeOnly: boolean }[] {
  const pattern = /^(?:import|export)\s+(type\s)?[^;'"]*?from\s+'([^']+)'|^import\s+'([^']+)'/gm;
  return [...text.matchAll(pattern)].map((match) => ({
    specifier: match[2] ?? match[3] ?? '',
    isTypeOnly: match[1] !== undefined,
  }));
}
