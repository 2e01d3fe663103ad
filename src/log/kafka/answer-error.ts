import { LogError } from '../log-port.js';
import { errorName, remedyFor } from './protocol/error-codes.js';

/** The error for a code that the request at hand has nothing more specific to say about. */
export function answerError(what: string, code: number): RetriableAnswer | LogError {
  const remedy = remedyFor(code);
  switch (remedy) {
    case 'retry':
      return new RetriableAnswer(`${what}: the broker answered ${errorName(code)}`);
    case 'unauthorized':
      return new LogError(
        'unauthorized',
        `${what}: the broker refused it with ${errorName(code)}. Grant this user the access, or use another one.`,
      );
    case 'fatal':
      return new LogError('internal', `${what}: the broker answered ${errorName(code)}.`);
    default:
      return remedy satisfies never;
  }
}

/** A broker's answer that the same request may not get again. */
export class RetriableAnswer extends Error {
  override readonly name = 'RetriableAnswer';
}
