import type { MessagePort } from 'node:worker_threads';
import type { Clock } from '../../host/clock.js';
import type { EventLoop } from '../../host/event-loop.js';
import type { FetchReply, LogReply, LogRequest, TransactionHandle } from '../client/log-requests.js';
import { LogError } from '../log-port.js';
import { EmbeddedLogStore } from './embedded-log-store.js';
import { OpenTransactions } from './open-transactions.js';
import type { ClientMessage, OwnerMessage } from './owner-messages.js';
import { WaitingFetches } from './waiting-fetches.js';

/**
 * The one actor that touches the embedded log's files; everybody else sends it requests over a port.
 *
 * Invariant: a change is answered only once it is durable, and a fetch sees only what is durable. All
 * changes that arrive in one turn of the event loop share one database transaction, so that one sync of the
 * disk serves them all; each still succeeds or is refused by itself.
 */
export class EmbeddedLogOwner {
  private readonly path: string;
  private readonly store: EmbeddedLogStore;
  private readonly eventLoop: EventLoop;
  private readonly openTransactions: OpenTransactions<MessagePort>;
  private readonly waitingFetches = new WaitingFetches<MessagePort>();
  private readonly ports = new Set<MessagePort>();
  private changes: Change[] = [];
  private isClosed = false;

  /** @throws LogError when the folder can't be used. */
  constructor(options: { readonly path: string; readonly clock: Clock; readonly eventLoop: EventLoop }) {
    this.path = options.path;
    this.store = new EmbeddedLogStore(options.path);
    this.eventLoop = options.eventLoop;
    this.openTransactions = new OpenTransactions(options.clock, (handle) => this.abortUnanswered(handle));
  }

  /** Serves a client until either side closes the port. */
  serve(port: MessagePort): void {
    this.ports.add(port);
    port.on('message', (message: ClientMessage) => this.onRequest(port, message));
    port.once('close', () => this.onClientGone(port));
  }

  async close(): Promise<void> {
    this.applyChanges();
    this.isClosed = true;
    this.openTransactions.clear();
    for (const port of this.ports) port.close();
    this.ports.clear();
    await this.store.close();
  }

  private onRequest(port: MessagePort, { id, request }: ClientMessage): void {
    if (this.isClosed) return;
    switch (request.kind) {
      case 'describe-topics':
        this.answer(port, id, () => this.store.describeTopics(request.topics));
        return;
      case 'list-topics':
        this.answer(port, id, () => this.store.listTopics());
        return;
      case 'resolve-offsets':
        this.answer(port, id, () => this.store.resolveOffsets(request.requests));
        return;
      case 'fetch':
        this.fetch({ client: port, id, request });
        return;
      case 'close-reader':
        for (const fetch of this.waitingFetches.takeOfReader(port, request.readerId)) this.answerFetch(fetch);
        this.answer(port, id, () => undefined);
        return;
      case 'create-topic':
      case 'append':
      case 'begin-transaction':
      case 'prepare-transaction':
      case 'end-transaction':
      case 'commit-offsets':
        this.addChange({ port, id, request });
        return;
    }
  }

  private addChange(change: Change): void {
    this.changes.push(change);
    if (this.changes.length === 1) this.eventLoop.nextTurn(() => this.applyChanges());
  }

  private applyChanges(): void {
    const changes = this.changes;
    if (this.isClosed || changes.length === 0) return;
    this.changes = [];
    const touched = new Set<number>();
    let outcomes: readonly Outcome[];
    try {
      outcomes = this.store.write(() => changes.map((change) => this.apply(change, touched)));
    } catch (error) {
      outcomes = changes.map(() => ({ kind: 'refused', error: this.asLogError(error) }));
      touched.clear();
    }
    changes.forEach((change, i) => {
      const outcome = outcomes[i] as Outcome;
      if (outcome.kind === 'refused') this.fail(change.port, change.id, outcome.error);
      else this.succeed(change, outcome.reply);
    });
    for (const partitionId of touched) {
      for (const fetch of this.waitingFetches.takeOfPartition(partitionId)) this.fetch(fetch);
    }
  }

  private apply(change: Change, touched: Set<number>): Outcome {
    try {
      return { kind: 'done', reply: this.change(change.request, touched) };
    } catch (error) {
      // A refusal comes before its request has changed anything; whatever else is thrown undoes the whole write.
      if (error instanceof LogError) return { kind: 'refused', error };
      throw error;
    }
  }

  private change(request: ChangeRequest, touched: Set<number>): LogReply {
    const { store } = this;
    const touch = (partitionIds: readonly number[]) => {
      for (const partitionId of partitionIds) touched.add(partitionId);
    };
    switch (request.kind) {
      case 'create-topic':
        store.createTopic(request.topic, request.partitions);
        return undefined;
      case 'append':
        touch(store.append(request));
        return undefined;
      case 'begin-transaction':
        return store.transactions.begin(request.transactionalId, request.transactionTimeoutMs);
      case 'prepare-transaction':
        store.transactions.prepare(request.transaction);
        return undefined;
      case 'end-transaction':
        if (request.outcome === 'commit') touch(store.transactions.commit(request.transaction));
        else store.transactions.abort(request.transaction);
        return undefined;
      case 'commit-offsets':
        store.commitOffsets(request);
        return undefined;
    }
  }

  private succeed({ port, id, request }: Change, reply: LogReply): void {
    if (request.kind === 'begin-transaction') {
      const isClientHere = this.ports.has(port);
      if (isClientHere)
        this.openTransactions.add(port, reply as TransactionHandle, request.transactionTimeoutMs);
      else this.abortUnanswered(reply as TransactionHandle);
    } else if (request.kind === 'append' && request.transaction !== undefined) {
      this.openTransactions.onAppended(request.transaction);
    } else if (request.kind === 'prepare-transaction' || request.kind === 'end-transaction') {
      this.openTransactions.remove(request.transaction);
    }
    this.post(port, { id, kind: 'done', reply });
  }

  private fetch(fetch: PortFetch): void {
    const { client, id, request } = fetch;
    try {
      const reply = this.store.fetch(request);
      if (reply.bytes.byteLength === 0 && request.waitForData) {
        this.waitingFetches.add(this.store.partitionId(request), fetch);
      } else {
        this.postFetched(client, id, reply);
      }
    } catch (error) {
      this.fail(client, id, this.asLogError(error));
    }
  }

  private answerFetch(fetch: PortFetch): void {
    this.fetch({ ...fetch, request: { ...fetch.request, waitForData: false } });
  }

  private postFetched(port: MessagePort, id: number, reply: FetchReply): void {
    port.postMessage({ id, kind: 'done', reply } satisfies OwnerMessage, [reply.bytes]);
  }

  private answer(port: MessagePort, id: number, read: () => LogReply): void {
    try {
      this.post(port, { id, kind: 'done', reply: read() });
    } catch (error) {
      this.fail(port, id, this.asLogError(error));
    }
  }

  private fail(port: MessagePort, id: number, error: LogError): void {
    this.post(port, { id, kind: 'failed', code: error.code, message: error.message });
  }

  private post(port: MessagePort, message: OwnerMessage): void {
    port.postMessage(message);
  }

  /** Its thread ended, perhaps by a crash. What it prepared stays; what it left open can have no reader any more. */
  private onClientGone(port: MessagePort): void {
    this.ports.delete(port);
    this.waitingFetches.forget(port);
    for (const handle of this.openTransactions.takeOf(port)) this.abortUnanswered(handle);
  }

  private asLogError(error: unknown): LogError {
    if (error instanceof LogError) return error;
    return new LogError(
      'internal',
      `The embedded log in ${this.path} failed: ${String(error)}. Its files may be damaged; restore them from a copy, ` +
        'or start with another folder.',
      { cause: error },
    );
  }

  private abortUnanswered(transaction: TransactionHandle): void {
    if (this.isClosed) return;
    try {
      this.store.write(() => this.store.transactions.abort(transaction));
    } catch {
      // Nobody waits for an answer. The records stay invisible, and the next start aborts what this did not.
    }
  }
}

type ChangeRequest = Exclude<
  LogRequest,
  { kind: 'describe-topics' | 'list-topics' | 'resolve-offsets' | 'fetch' | 'close-reader' }
>;

interface Change {
  readonly port: MessagePort;
  readonly id: number;
  readonly request: ChangeRequest;
}

type Outcome =
  | { readonly kind: 'done'; readonly reply: LogReply }
  | { readonly kind: 'refused'; readonly error: LogError };

type PortFetch = Parameters<WaitingFetches<MessagePort>['add']>[1];
