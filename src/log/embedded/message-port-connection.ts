import type { MessagePort } from 'node:worker_threads';
import type { LogConnection } from '../client/log-connection.js';
import type { LogReplies, LogReply, LogRequest } from '../client/log-requests.js';
import { LogError } from '../log-port.js';
import type { ClientMessage, OwnerMessage } from './owner-messages.js';

/**
 * A client's side of its port to the owner. Messages between threads are neither lost nor reordered, so there
 * is nothing to retry; when the owner's thread ends, the port closes and everything pending is rejected.
 */
export class MessagePortConnection implements LogConnection {
  readonly recordBytesMax = recordBytesMax;
  private readonly port: MessagePort;
  private readonly pending = new Map<number, PendingRequest>();
  private nextId = 1;
  private closedBecause: LogError | undefined;

  constructor(port: MessagePort) {
    this.port = port;
    port.on('message', (message: OwnerMessage) => this.onAnswer(message));
    port.once('close', () => this.endBecause(ownerGone()));
  }

  request<R extends LogRequest>(request: R): Promise<LogReplies[R['kind']]> {
    if (this.closedBecause !== undefined) return Promise.reject(this.closedBecause);
    return new Promise((resolve, reject) => {
      const id = this.nextId++;
      // The protocol pairs each kind of request with its reply; the map can't say so for each entry.
      this.pending.set(id, { resolve: resolve as (reply: LogReply) => void, reject });
      this.port.postMessage({ id, request } satisfies ClientMessage, givenAway(request));
    });
  }

  async close(): Promise<void> {
    this.endBecause(new LogError('unreachable', 'The connection to the embedded log was closed.'));
    this.port.close();
  }

  private onAnswer(message: OwnerMessage): void {
    const pending = this.pending.get(message.id);
    if (pending === undefined) return;
    this.pending.delete(message.id);
    switch (message.kind) {
      case 'done':
        pending.resolve(message.reply);
        return;
      case 'failed':
        pending.reject(new LogError(message.code, message.message));
        return;
    }
  }

  private endBecause(reason: LogError): void {
    if (this.closedBecause !== undefined) return;
    this.closedBecause = reason;
    for (const { reject } of this.pending.values()) reject(reason);
    this.pending.clear();
  }
}

interface PendingRequest {
  resolve(reply: LogReply): void;
  reject(error: LogError): void;
}

/** LMDB could store more, but a batch is held in memory several times on its way. */
const recordBytesMax = 64 * 1024 * 1024;

function givenAway(request: LogRequest): ArrayBuffer[] {
  return request.kind === 'append' ? request.batches.map((batch) => batch.bytes) : [];
}

function ownerGone(): LogError {
  return new LogError(
    'unreachable',
    "The embedded log's owner thread ended. What it had not acknowledged may or may not be in the log; " +
      'restart the process, which opens the log again.',
  );
}
