/** Lets virtual time pass until the promise has settled, for so long at the most. */
export async function untilSettled<T>(
  clock: { runUntil(isReached: () => boolean, untilMs: number): Promise<unknown> },
  promise: Promise<T>,
  untilMs = Number.POSITIVE_INFINITY,
): Promise<T> {
  let isSettled = false;
  const settled = (): void => {
    isSettled = true;
  };
  promise.then(settled, settled);
  await clock.runUntil(() => isSettled, untilMs);
  return promise;
}
