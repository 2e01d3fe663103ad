import { MillraceError } from '../protocol/failures.js';

/**
 * For callers whom no type checker told: what lacks the method would fail in each attempt, far from its cause.
 * @param takes begins the error: who takes what, such as "sinkTo takes a sink".
 * @throws MillraceError
 */
export function requireMethod<Name extends string>(
  given: { readonly [name in Name]: unknown },
  method: Name,
  takes: string,
): void {
  if (typeof (given as Partial<typeof given> | undefined)?.[method] === 'function') return;
  throw new MillraceError(`${takes}: what it was given has no ${method}().`, {
    domain: 'user-code',
    action: 'fail-job',
  });
}
