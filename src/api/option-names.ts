import { MillraceError } from '../protocol/failures.js';

/**
 * Refuses options that do not exist. The compiler does so for who type-checks, but a job file is run without
 * that: a slip in a name would leave a default in place of what was meant, such as a weaker guarantee.
 * @throws MillraceError naming all of them, and those that there are.
 */
export function refuseUnknownOptions<Options extends object>(
  what: string,
  given: Options,
  known: OptionNames<Options>,
): void {
  const mistakes = unknownOptions(what, given, Object.keys(known));
  if (mistakes.length === 0) return;
  throw new MillraceError(`Options are wrong: ${mistakes.join('; ')}.`, {
    domain: 'user-code',
    action: 'fail-job',
  });
}

/** Every name of an options type, in any of its variants: the compiler holds the list to the type. */
export type OptionNames<Options> = Readonly<Record<NameOf<Options>, true>>;

type NameOf<Options> = Options extends unknown ? keyof Options : never;

/** One sentence, without its dot, for all names that are not `known`; none where there are no such names. */
export function unknownOptions(what: string, given: object, known: readonly string[]): readonly string[] {
  const unknown = Object.keys(given).filter((name) => !known.includes(name));
  if (unknown.length === 0) return [];
  const named = unknown.map((name) => `${what}.${name}`).join(', ');
  return [`there is no setting ${named}; there are ${known.join(', ')}`];
}
