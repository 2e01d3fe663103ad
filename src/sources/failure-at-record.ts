import { MillraceError } from '../protocol/failures.js';

/** Where a record lies in its log. */
export interface RecordPlace {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/**
 * An error of what a record was given to (functions up to the next exchange), with the record's place: with it
 * the record can be looked at. Its cause stays; errors of Millrace's own making are left as they are.
 */
export function failureAtRecord(error: unknown, { topic, partition, offset }: RecordPlace): unknown {
  if (!(error instanceof MillraceError)) return error;
  const { domain, action, cause, message } = error;
  const located = new MillraceError(
    `${message} The record is at topic ${topic}, partition ${partition}, offset ${offset}.`,
    { domain, action, ...(cause === undefined ? {} : { cause }) },
  );
  if (error.stack !== undefined) located.stack = error.stack;
  return located;
}
