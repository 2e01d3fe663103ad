import { MillraceError } from '../protocol/failures.js';

/**
 * The first error thrown anywhere in a chain. Invariant: once set, the attempt fails. A user's `catch`
 * around `collect` sees the errors of the operators behind it; without this it could swallow one, and the
 * record would be lost in silence while its offset went into the next checkpoint.
 */
export class ChainFailure {
  error: unknown = undefined;

  /** Remembers an error of an operator, with where it happened; gives what to throw. */
  record(error: unknown, operatorName: string, subtaskIndex: number, what: string): unknown {
    this.error ??=
      error instanceof MillraceError
        ? error
        : new MillraceError(`${what} of operator "${operatorName}" (subtask ${subtaskIndex}) threw.`, {
            domain: 'user-code',
            action: 'restart',
            cause: error,
          });
    return this.error;
  }
}

/** User functions are synchronous: records behind a pending promise would overtake its own. */
export function assertSynchronous(result: unknown, operatorName: string): void {
  if (result instanceof Promise) {
    result.catch(() => {});
    throw new MillraceError(
      `A function of operator "${operatorName}" returned a promise; functions must be synchronous. Do asynchronous work in async I/O or outside of the job.`,
      { domain: 'user-code', action: 'fail-job' },
    );
  }
}

/** The counterpart for functions of async I/O: what is no promise would be taken for a result of nobody knows what. */
export function assertPromise(result: unknown, operatorName: string): void {
  if (result instanceof Promise || typeof (result as PromiseLike<unknown> | undefined)?.then === 'function')
    return;
  throw new MillraceError(
    `asyncInvoke() of operator "${operatorName}" returned no promise. Declare it async; where nothing is to be waited for, use map or process.`,
    { domain: 'user-code', action: 'fail-job' },
  );
}
