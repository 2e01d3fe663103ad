import fc from 'fast-check';

/** In which step a checkpoint is taken, and how many steps later the subtask crashes; modulo the steps there are. */
export interface CrashPoint {
  readonly checkpointIn: number;
  readonly after: number;
}

export const crashPoints: fc.Arbitrary<CrashPoint> = fc.record({
  checkpointIn: fc.nat(40),
  after: fc.nat(40),
});

/** The places of both among so many steps. */
export function placesOf(
  { checkpointIn, after }: CrashPoint,
  steps: number,
): { readonly checkpointIn: number; readonly crashIn: number } {
  const checkpointAt = checkpointIn % steps;
  return { checkpointIn: checkpointAt, crashIn: checkpointAt + (after % (steps - checkpointAt)) };
}
