import { type Duration, durationMs } from '../../api/duration.js';
import type { ReducingStateDescriptor } from '../../state/reducing-state.js';

/** When a continuous trigger fires next, epoch ms; of merged windows, the earliest. */
export const nextFireState: ReducingStateDescriptor<number> = {
  name: 'next-fire',
  reduce: (a, b) => Math.min(a, b),
};

/** @throws RangeError when it is no time at all: such a trigger would fire without end. */
export function triggerIntervalMs(interval: Duration): number {
  const ms = durationMs(interval, 'The interval of a continuous trigger');
  if (ms === 0) throw new RangeError('The interval of a continuous trigger is 0: give it at least 1ms.');
  return ms;
}
