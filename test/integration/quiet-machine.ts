import { availableParallelism, loadavg } from 'node:os';

/**
 * A bound on a time that is promised for a machine with nothing else to do. Where other work waits for the
 * cores, times say little about Millrace; the bound grows with that work, and then only catches what hangs.
 */
export function boundOnQuietMachineMs(boundMs: number): number {
  const [runnable = 0] = loadavg();
  const share = runnable / availableParallelism();
  return share <= 1 ? boundMs : boundMs * share * busyFactor;
}

/** Waiting for a core once is not all: disk and memory are shared, too. */
const busyFactor = 3;
