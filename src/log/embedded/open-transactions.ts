import type { CancelTimer, Clock } from '../../host/clock.js';
import type { TransactionHandle } from '../client/log-requests.js';

/**
 * Transactions begun and not yet prepared or ended, with whose they are. Each ends with its client or at its
 * time-out, so that none holds disk space for ever. As in Kafka the time counts from the first record: a sink
 * begins a transaction ahead and may wait long for something to write. Prepared ones are not here: nothing
 * but a decision ends them, however long their job is down.
 */
export class OpenTransactions<Client> {
  private readonly clock: Clock;
  private readonly onTimeout: (handle: TransactionHandle) => void;
  /** One entry for each id: the log itself aborts what an id had open when it is begun again. */
  private readonly byId = new Map<string, OpenTransaction<Client>>();

  constructor(clock: Clock, onTimeout: (handle: TransactionHandle) => void) {
    this.clock = clock;
    this.onTimeout = onTimeout;
  }

  add(client: Client, handle: TransactionHandle, transactionTimeoutMs: number): void {
    this.byId.get(handle.transactionalId)?.cancelTimer?.();
    this.byId.set(handle.transactionalId, { client, handle, transactionTimeoutMs, cancelTimer: undefined });
  }

  /** The first append starts its time. */
  onAppended(handle: TransactionHandle): void {
    const open = this.find(handle);
    if (open === undefined || open.cancelTimer !== undefined) return;
    open.cancelTimer = this.clock.setTimer(open.transactionTimeoutMs, () => {
      this.byId.delete(handle.transactionalId);
      this.onTimeout(handle);
    });
  }

  remove(handle: TransactionHandle): void {
    const open = this.find(handle);
    if (open === undefined) return;
    open.cancelTimer?.();
    this.byId.delete(handle.transactionalId);
  }

  takeOf(client: Client): readonly TransactionHandle[] {
    const taken = [...this.byId.values()].filter((open) => open.client === client);
    for (const { handle } of taken) this.remove(handle);
    return taken.map((open) => open.handle);
  }

  clear(): void {
    for (const open of this.byId.values()) open.cancelTimer?.();
    this.byId.clear();
  }

  /** Undefined for one that ended, also when its id was begun again since. */
  private find({
    transactionalId,
    producerId,
    producerEpoch,
  }: TransactionHandle): OpenTransaction<Client> | undefined {
    const open = this.byId.get(transactionalId);
    const isSame = open?.handle.producerId === producerId && open.handle.producerEpoch === producerEpoch;
    return isSame ? open : undefined;
  }
}

interface OpenTransaction<Client> {
  readonly client: Client;
  readonly handle: TransactionHandle;
  readonly transactionTimeoutMs: number;
  /** Undefined before its first append. */
  cancelTimer: CancelTimer | undefined;
}
