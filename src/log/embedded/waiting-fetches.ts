import type { FetchRequest } from '../client/log-requests.js';

/**
 * Fetches that wait for something to read, by partition. They are bounded by their senders: a reader has one
 * fetch under way for each of its partitions.
 */
export class WaitingFetches<Client> {
  private readonly byPartition = new Map<number, WaitingFetch<Client>[]>();

  add(partitionId: number, fetch: WaitingFetch<Client>): void {
    const waiting = this.byPartition.get(partitionId);
    if (waiting === undefined) this.byPartition.set(partitionId, [fetch]);
    else waiting.push(fetch);
  }

  takeOfPartition(partitionId: number): readonly WaitingFetch<Client>[] {
    const waiting = this.byPartition.get(partitionId) ?? [];
    this.byPartition.delete(partitionId);
    return waiting;
  }

  takeOfReader(client: Client, readerId: number): readonly WaitingFetch<Client>[] {
    return this.takeWhere((fetch) => fetch.client === client && fetch.request.readerId === readerId);
  }

  forget(client: Client): void {
    this.takeWhere((fetch) => fetch.client === client);
  }

  private takeWhere(isTaken: (fetch: WaitingFetch<Client>) => boolean): readonly WaitingFetch<Client>[] {
    const taken: WaitingFetch<Client>[] = [];
    for (const [partitionId, waiting] of this.byPartition) {
      taken.push(...waiting.filter(isTaken));
      const left = waiting.filter((fetch) => !isTaken(fetch));
      if (left.length > 0) this.byPartition.set(partitionId, left);
      else this.byPartition.delete(partitionId);
    }
    return taken;
  }
}

interface WaitingFetch<Client> {
  readonly client: Client;
  /** Of the request, for its answer. */
  readonly id: number;
  readonly request: FetchRequest;
}
