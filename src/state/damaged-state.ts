import { MillraceError } from '../protocol/failures.js';

/** The error for stored bytes that can't be what was written; `what` names the state. */
export function damagedState(what: string, cause: unknown): MillraceError {
  return new MillraceError(
    `A stored cell of ${what} can't be read: ${cause instanceof Error ? cause.message : String(cause)} The state folder is damaged; put a copy of it in place, or start with --fresh, which gives up the state.`,
    { domain: 'outside-system', action: 'fail-job', cause },
  );
}
