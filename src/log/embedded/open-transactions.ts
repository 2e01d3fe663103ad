import type { CancelTimer, Clock } from '../../host/clock.js';
import type { TransactionHandle } from '../client/log-requests.js';

/**
 * Transactions begun and not yet prepared or ended, with whose they are. Each ends with its client or at its
 * time-out, so that none holds disk space for ever. Prepared ones are not here: nothing but a decision ends
 * them, however long their job is down.
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
    this.byId.get(handle.transactionalId)?.cancelTimer();
    const cancelTimer = this.clock.setTimer(transactionTimeoutMs, () => {
      this.byId.delete(handle.transactionalId);
      this.onTimeout(handle);
    });
    this.byId.set(handle.transactionalId, { client, handle, cancelTimer });
  }

  remove(handle: TransactionHandle): void {
    const open = this.byId.get(handle.transactionalId);
    if (open?.handle.producerEpoch !== handle.producerEpoch || open.handle.producerId !== handle.producerId)
      return;
    open.cancelTimer();
    this.byId.delete(handle.transactionalId);
  }

  takeOf(client: Client): readonly TransactionHandle[] {
    const taken = [...this.byId.values()].filter((open) => open.client === client);
    for (const { handle } of taken) this.remove(handle);
    return taken.map((open) => open.handle);
  }

  clear(): void {
    for (const open of this.byId.values()) open.cancelTimer();
    this.byId.clear();
  }
}

interface OpenTransaction<Client> {
  readonly client: Client;
  readonly handle: TransactionHandle;
  readonly cancelTimer: CancelTimer;
}
