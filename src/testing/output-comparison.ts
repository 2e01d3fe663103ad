import { inspect } from 'node:util';
import { MillraceError } from '../protocol/failures.js';
import type { OutputElement, TestOutput } from './test-output.js';

type Outputs = ReadonlyMap<string, TestOutput<unknown>>;

/**
 * Demands that the run which was restored after each step has put out what the undisturbed one has. With
 * several subtasks there is no order between their elements.
 * @throws MillraceError naming the output and the first element in which they differ.
 */
export function assertSameOutput(undisturbed: Outputs, restored: Outputs, parallelism: number): void {
  for (const [uid, output] of undisturbed) {
    const expected = linesOf(output, parallelism);
    const actual = linesOf(restored.get(uid)!, parallelism);
    const length = Math.max(expected.length, actual.length);
    for (let at = 0; at < length; at += 1) {
      if (expected[at] !== actual[at]) throw difference(uid, at, expected[at], actual[at]);
    }
    const [before, after] = [output.watermark, restored.get(uid)!.watermark];
    if (before !== after) throw difference(uid, undefined, `watermark ${before}`, `watermark ${after}`);
  }
}

function linesOf({ elements }: TestOutput<unknown>, parallelism: number): readonly string[] {
  const lines = elements.map(lineOf);
  return parallelism === 1 ? lines : lines.sort();
}

function lineOf({ value, timestamp }: OutputElement<unknown>): string {
  return `${inspect(value, { depth: Number.POSITIVE_INFINITY, breakLength: Number.POSITIVE_INFINITY })} at ${timestamp ?? 'no time'}`;
}

function difference(
  uid: string,
  at: number | undefined,
  expected = 'nothing',
  actual = 'nothing',
): MillraceError {
  const which = at === undefined ? '' : `, element ${at}`;
  return new MillraceError(
    `Restored after each step, the output "${uid}" differs${which}: ${actual}, and without a restore ${expected}. Something that a function needs is not in its state, such as a field of its class.`,
    { domain: 'user-code', action: 'fail-job' },
  );
}
