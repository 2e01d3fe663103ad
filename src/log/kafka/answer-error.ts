import { LogError } from '../log-port.js';
import { errorCode, errorName, remedyFor } from './protocol/error-codes.js';

/** The error for a code that the request at hand has nothing more specific to say about. */
export function answerError(what: string, code: number): RetriableAnswer | LogError {
  const remedy = remedyFor(code);
  switch (remedy) {
    case 'retry':
      return new RetriableAnswer(`${what}: the broker answered ${errorName(code)}`);
    case 'unauthorized':
      return new LogError(
        'unauthorized',
        `${what}: the broker refused it with ${errorName(code)}. ${grantFor(code)}`,
      );
    case 'fatal':
      return new LogError('internal', `${what}: the broker answered ${errorName(code)}.`);
    default:
      return remedy satisfies never;
  }
}

/** What an administrator is to do so that this user may. */
function grantFor(code: number): string {
  const to = 'kafka-acls.sh --add --allow-principal User:NAME';
  switch (code) {
    case errorCode.topicAuthorizationFailed:
      return `Grant this user the operation Read on topics that it reads, Write on those that it writes: ${to} --operation Read --topic TOPIC.`;
    case errorCode.groupAuthorizationFailed:
      return `Grant this user the operation Read on the source's groupId: ${to} --operation Read --group GROUP; or leave groupId out.`;
    case errorCode.transactionalIdAuthorizationFailed:
      return `Grant this user the operations Write and Describe on all ids that begin with the sink's transactionalIdPrefix: ${to} --operation Write --operation Describe --transactional-id PREFIX --resource-pattern-type prefixed.`;
    case errorCode.clusterAuthorizationFailed:
      return `Grant this user the operation Write on the topics that it writes: ${to} --operation Write --topic TOPIC; to create topics, Create on the cluster.`;
    default:
      return 'Grant this user the access, or use another one.';
  }
}

/** A broker's answer that the same request may not get again. */
export class RetriableAnswer extends Error {
  override readonly name = 'RetriableAnswer';
}
