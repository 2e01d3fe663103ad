import { MillraceError } from '../protocol/failures.js';

/**
 * Reads options one by one, and tells all that is wrong with them at once: whoever mends the first mistake should not
 * meet the next one at the next start. What throws is noted and the others are read all the same.
 * @throws MillraceError the one that was thrown, or a `WrongOptions` with all of their messages.
 */
export function readOptions<Readers extends Readonly<Record<string, () => unknown>>>(
  what: string,
  readers: Readers,
): OptionValues<Readers> {
  const errors: MillraceError[] = [];
  const values = Object.entries(readers).map(([name, read]) => {
    try {
      return [name, read()];
    } catch (error) {
      if (!(error instanceof MillraceError)) throw error;
      errors.push(error);
      return [name, undefined];
    }
  });
  const [first, ...others] = errors;
  if (first === undefined) return Object.fromEntries(values) as OptionValues<Readers>;
  if (others.length === 0) throw first;
  throw new WrongOptions(what, errors.flatMap(mistakesOf));
}

/** What each of the readers gives. */
export type OptionValues<Readers extends Readonly<Record<string, () => unknown>>> = {
  readonly [name in keyof Readers]: ReturnType<Readers[name]>;
};

/** Mistakes in the options of one source or sink. */
export class WrongOptions extends MillraceError {
  readonly mistakes: readonly string[];

  constructor(what: string, mistakes: readonly string[]) {
    const list = mistakes.map((mistake) => `\n- ${mistake}`).join('');
    super(`The options of a ${what} are wrong:${list}`, { domain: 'user-code', action: 'fail-job' });
    this.mistakes = mistakes;
  }
}

/** What an error says of wrong options, one by one. */
export function mistakesOf(error: MillraceError): readonly string[] {
  return error instanceof WrongOptions ? error.mistakes : [error.message];
}

/** `what` begins with the option's name and says what to give instead. */
export function wrongOption(whose: 'source' | 'sink', what: string): MillraceError {
  return new MillraceError(`A ${whose}'s option ${what}`, { domain: 'user-code', action: 'fail-job' });
}
