import type { MessagePort } from 'node:worker_threads';
import type { LogReply, LogRequest } from '../client/log-requests.js';
import type { LogErrorCode } from '../log-port.js';

/**
 * What travels between a client and the embedded log's owner, and between the owner's thread and whoever
 * started it. Invariant: each request has one answer, by its id; a client whose port closes expects none.
 */
export interface ClientMessage {
  /** Unique within the port. */
  readonly id: number;
  readonly request: LogRequest;
}

export type OwnerMessage =
  | { readonly id: number; readonly kind: 'done'; readonly reply: LogReply }
  /** A `LogError`, which would lose its class and code on the way. */
  | { readonly id: number; readonly kind: 'failed'; readonly code: LogErrorCode; readonly message: string };

export type OwnerCommand =
  | { readonly kind: 'connect'; readonly port: MessagePort }
  | { readonly kind: 'close' };

export type OwnerReport =
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed-to-open'; readonly code: LogErrorCode; readonly message: string };
