import type { MillraceProcess } from './millrace-process.js';

/** What a process logged as errors, each with the lines that belong to it. */
export function errorEntries(run: MillraceProcess): string[] {
  const log = run.log.join('\n');
  return log.split(/\n(?=\d{4}-)/).filter((entry) => / ERROR /.test(entry));
}
