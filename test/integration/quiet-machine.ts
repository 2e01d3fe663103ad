import { availableParallelism, loadavg } from 'node:os';

/**
 * A bound on a time that is promised for a machine with nothing else to do. Where other work waits for the
 * cores, times say little about Millrace; the bound then only catches what hangs.
 */
export function boundOnQuietMachineMs(boundMs: number): number {
  const [runnable = 0] = loadavg();
  return runnable <= availableParallelism() ? boundMs : boundMs * busyFactor;
}

const busyFactor = 6;
