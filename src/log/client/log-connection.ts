import type { LogReplies, LogRequest } from './log-requests.js';

/** A client's way to a log. Retries what can be retried; what it rejects with is final. */
export interface LogConnection {
  /** A larger encoded record is refused before it is sent. */
  readonly recordBytesMax: number;
  /**
   * Requests of one connection may overtake each other: who needs an order waits for the answer.
   * @throws LogError
   */
  request<R extends LogRequest>(request: R): Promise<LogReplies[R['kind']]>;
  /** Rejects what is pending and frees the connection. */
  close(): Promise<void>;
}
