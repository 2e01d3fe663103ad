/**
 * The k-th transactional id of a sink's subtask. Every part of Millrace that names ids (the sink that begins
 * them, the settlement that fences them) must name the same ones, in every version: an id that settlement
 * did not know would leave a dead attempt's transaction open, and readers waiting behind it.
 */
export function transactionalIdOf(prefix: string, subtaskIndex: number, k: number): string {
  return `${prefix}-${subtaskIndex}-${k}`;
}
