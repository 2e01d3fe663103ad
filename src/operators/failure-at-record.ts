import type { RecordOrigin } from '../exchange/record-origin.js';
import { MillraceError } from '../protocol/failures.js';

/**
 * An error of what a record was given to, with the place of the record that it goes back to: there it can be looked
 * at. Its cause stays. Errors without an origin are left as they are; those of Millrace's own making too, and those
 * of the outside, such as a full disk, of which no record is at fault.
 */
export function failureAtRecord(error: unknown, { split, position }: RecordOrigin): unknown {
  if (split === '' || !(error instanceof MillraceError) || error.domain === 'outside-system') return error;
  const { domain, action, cause, message } = error;
  // Some end with what a user's function has said.
  const sentence = /[.!?]$/.test(message) ? message : `${message}.`;
  const located = new MillraceError(`${sentence} The record is at ${split} ${position}.`, {
    domain,
    action,
    ...(cause === undefined ? {} : { cause }),
  });
  if (error.stack !== undefined) located.stack = error.stack;
  return located;
}
