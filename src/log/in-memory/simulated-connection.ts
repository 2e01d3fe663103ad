import type { CancelTimer } from '../../host/clock.js';
import type { LogConnection } from '../client/log-connection.js';
import type { LogReplies, LogReply, LogRequest } from '../client/log-requests.js';
import { LogError } from '../log-port.js';
import { type ClusterAnswer, fetchWaitMaxMs, type InMemoryLogCluster } from './in-memory-log-cluster.js';

/**
 * A client's connection over a simulated network. A request whose answer does not come is sent again until
 * the delivery time-out; an answer counts only for the latest sending, as on a connection that is torn down
 * with each failure.
 */
export class SimulatedConnection implements LogConnection {
  readonly recordBytesMax = recordBytesMax;
  private readonly cluster: InMemoryLogCluster;
  private readonly name: string;
  private readonly pending = new Set<PendingRequest>();
  private nextRequest = 1;
  private state: 'open' | 'closed' | 'crashed' = 'open';

  constructor(cluster: InMemoryLogCluster) {
    this.cluster = cluster;
    this.name = cluster.nextClientName();
  }

  request<R extends LogRequest>(request: R): Promise<LogReplies[R['kind']]> {
    if (this.state === 'closed') return Promise.reject(connectionClosed());
    return new Promise((resolve, reject) => {
      // A crashed process asks nothing and hears nothing; whoever awaits this went down with it.
      if (this.state === 'crashed') return;
      const pending: PendingRequest = {
        id: `${this.name}-${this.nextRequest++}`,
        request,
        // The protocol pairs each kind of request with its reply; the set can't say so for each entry.
        resolve: resolve as (reply: LogReply) => void,
        reject,
        sentFirstAtMs: this.cluster.clock.monotonicMs(),
        sending: 0,
        cancelArrival: undefined,
        cancelTimeout: undefined,
      };
      this.pending.add(pending);
      this.send(pending);
    });
  }

  async close(): Promise<void> {
    if (this.state !== 'open') return;
    this.state = 'closed';
    for (const pending of this.pending) {
      pending.cancelTimeout?.();
      pending.reject(connectionClosed());
    }
    this.pending.clear();
  }

  /** The process is killed: no promise settles any more; what is on its way may still arrive. */
  crash(): void {
    if (this.state !== 'open') return;
    this.state = 'crashed';
    for (const pending of this.pending) {
      pending.cancelTimeout?.();
      if (!this.cluster.faults.arrivesAfterCrash(pending.request, this.name)) pending.cancelArrival?.();
    }
    this.pending.clear();
  }

  private send(pending: PendingRequest): void {
    const sending = ++pending.sending;
    const { clock, faults } = this.cluster;
    const fate = faults.fateOf(pending.request, this.name, sending);
    const retry = () => this.retry(pending, sending);
    const waitMs = pending.request.kind === 'fetch' && pending.request.waitForData ? fetchWaitMaxMs : 0;
    pending.cancelTimeout = clock.setTimer(requestTimeoutMs + waitMs, retry);
    if (fate.kind === 'request-lost') {
      clock.setTimer(fate.noticedAfterMs, retry);
      return;
    }
    pending.cancelArrival = clock.setTimer(fate.requestDelayMs, () => {
      pending.cancelArrival = undefined;
      this.cluster.receive(pending.id, pending.request, (answer) => {
        clock.setTimer(fate.replyDelayMs, () => {
          if (fate.kind === 'reply-lost') retry();
          else this.onAnswer(pending, sending, answer);
        });
      });
    });
  }

  private onAnswer(pending: PendingRequest, sending: number, answer: ClusterAnswer): void {
    if (!this.pending.has(pending) || pending.sending !== sending) return;
    switch (answer.kind) {
      case 'done':
        this.settle(pending);
        pending.resolve(answer.reply);
        return;
      case 'refused':
        this.settle(pending);
        pending.reject(answer.error);
        return;
      case 'retry':
        this.retry(pending, sending);
        return;
    }
  }

  private retry(pending: PendingRequest, failedSending: number): void {
    if (!this.pending.has(pending) || pending.sending !== failedSending) return;
    pending.cancelTimeout?.();
    const { clock } = this.cluster;
    if (clock.monotonicMs() - pending.sentFirstAtMs > deliveryTimeoutMs) {
      this.settle(pending);
      pending.reject(undelivered(pending.request));
      return;
    }
    // From here on nothing counts but the next sending.
    pending.sending++;
    pending.cancelTimeout = clock.setTimer(retryBackoffMs, () => this.send(pending));
  }

  private settle(pending: PendingRequest): void {
    pending.cancelTimeout?.();
    this.pending.delete(pending);
  }
}

interface PendingRequest {
  readonly id: string;
  readonly request: LogRequest;
  resolve(reply: LogReply): void;
  reject(error: LogError): void;
  readonly sentFirstAtMs: number;
  /** Counts sendings and waits between them, so that only what belongs to the present one has an effect. */
  sending: number;
  cancelArrival: CancelTimer | undefined;
  cancelTimeout: CancelTimer | undefined;
}

/** A broker's default for a batch. */
const recordBytesMax = 1_000_000;
/** Longer than any request is under way, so that a resent request never overtakes its former self. */
export const requestTimeoutMs = 2_000;
const retryBackoffMs = 20;
/** A producer's default. */
const deliveryTimeoutMs = 120_000;

function connectionClosed(): LogError {
  return new LogError('unreachable', 'The connection to the log was closed.');
}

function undelivered(request: LogRequest): LogError {
  return new LogError(
    'delivery-timeout',
    `The log did not answer to ${request.kind} within ${deliveryTimeoutMs} ms; whether it was done is unknown.`,
  );
}
