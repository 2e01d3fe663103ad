import { existsSync, statSync } from 'node:fs';
import { extname, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { isJobDefinition, type JobDefinition } from '../api/job.js';
import * as millrace from '../index.js';
import { MillraceError } from '../protocol/failures.js';

/**
 * Loads a job file, `.ts` as it stands. Called once in each thread. Invariant: `import … from 'millrace'`
 * in it gives the copy of Millrace that runs it, wherever the file lies and whatever its folder has
 * installed: with a second copy in the thread, what one defines the other would not recognise.
 * @throws MillraceError, one sentence that says what to do, when the file is missing, can't be parsed, fails
 * while it is loaded, or exports no job.
 */
export async function loadJobModule(file: string): Promise<JobDefinition> {
  const path = resolve(file);
  assertLoadable(path);
  const exported = defaultExport(await importModule(path));
  if (isJobDefinition(exported)) return exported;
  throw badJobFile(
    `The job file ${path} exports no job: end it with "export default defineJob('a-name', (env) => { … });".`,
  );
}

const extensions = ['.ts', '.mts', '.js', '.mjs'];

/** Where this copy of Millrace lies: `dist/`, or `src/` in tests. */
const ownFolder = fileURLToPath(new URL('..', import.meta.url));

function assertLoadable(path: string): void {
  if (!existsSync(path)) throw badJobFile(`The job file ${path} does not exist: check the path after --job.`);
  if (!statSync(path).isFile()) throw badJobFile(`The job file ${path} is a folder: name the file in it.`);
  if (!extensions.includes(extname(path))) {
    throw badJobFile(`The job file ${path} must end in ${extensions.join(', ')}.`);
  }
}

async function importModule(path: string): Promise<unknown> {
  try {
    // The demo job's imports lead into this copy already; through jiti they would be loaded a second time.
    if (path.startsWith(ownFolder)) return await import(pathToFileURL(path).href);
    // Loaded only where it is needed: it takes as long as all the rest of a thread's start.
    const { createJiti } = await import('jiti');
    const jiti = createJiti(path, { virtualModules: { millrace }, interopDefault: false });
    return await jiti.import(path);
  } catch (error) {
    throw loadError(path, error);
  }
}

/** `export default`, or `module.exports` of a CommonJS file. */
function defaultExport(module: unknown): unknown {
  if (typeof module !== 'object' || module === null || !('default' in module)) return module;
  return module.default;
}

function loadError(path: string, cause: unknown): MillraceError {
  const message = cause instanceof Error ? cause.message : String(cause);
  const parseError = parseErrorPattern.exec(message);
  if (parseError !== null) {
    const [, what = '', where = path] = parseError;
    return badJobFile(`The job file ${path} can't be parsed: ${what.trim()} at ${where}.`);
  }
  const firstLine = message.split('\n', 1)[0] ?? '';
  return badJobFile(`The job file ${path} failed while it was loaded: ${firstLine}`, cause);
}

/** As jiti reports what its parser finds: the complaint, then file:line:column on a line of its own. */
const parseErrorPattern = /^ParseError: ([^\n]*)\n\s*(\S.*:\d+:\d+)/;

function badJobFile(message: string, cause?: unknown): MillraceError {
  return new MillraceError(message, {
    domain: 'user-code',
    action: 'fail-job',
    ...(cause === undefined ? {} : { cause }),
  });
}
