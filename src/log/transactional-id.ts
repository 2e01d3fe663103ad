/**
 * The transactional ids of a sink's subtask: `prefix-subtask-k`. Every part of Millrace that names ids (the
 * sink that begins them, the settlement that fences them) must name the same ones, in every version: an id
 * that settlement did not know would leave a dead attempt's transaction open, and readers waiting behind it.
 *
 * An attempt uses those whose k has its parity. A log aborts what an id has open when the id is begun, also
 * where that request is the late one of a process long dead (Kafka looks at its epoch only when nothing is
 * open). So two attempts in succession share no id: what the network still carries of the one, and of its
 * fencing, finds nothing of the other.
 */
export function transactionalIdsOfAttempt(pool: TransactionalIds, attempt: number): readonly string[] {
  return Array.from({ length: pool.poolSize }, (_, i) => idOf(pool, i * parities + (attempt % parities)));
}

/** Those that any attempt uses. */
export function transactionalIdsOfAllAttempts(pool: TransactionalIds): readonly string[] {
  return Array.from({ length: pool.poolSize * parities }, (_, k) => idOf(pool, k));
}

/** One subtask's. */
export interface TransactionalIds {
  readonly transactionalIdPrefix: string;
  readonly subtaskIndex: number;
  /** How many one attempt uses. */
  readonly poolSize: number;
}

const parities = 2;

function idOf({ transactionalIdPrefix, subtaskIndex }: TransactionalIds, k: number): string {
  return `${transactionalIdPrefix}-${subtaskIndex}-${k}`;
}
