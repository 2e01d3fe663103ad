import type { EventGenerator } from '#dist/demo/event-generator.js';
import { addTo, emptyTally, type WindowTally } from './window-tally.js';

/** What all windows together must come to: computed from the generator, in one loop, sharing no code with the job. */
export function expectedTally(generator: EventGenerator, events: number, windowMs: number): WindowTally {
  const windows = new Map<string, { user: string; start: number; count: number; sum: number }>();
  for (let index = 0; index < events; index += 1) {
    const event = generator.eventAt(index);
    const { custom_params } = event.parameters;
    const price = 'price' in custom_params ? custom_params.price : 0;
    const start = Math.floor(event.timestamp / windowMs) * windowMs;
    const id = `${event.user_id} ${start}`;
    const totals = windows.get(id);
    if (totals === undefined) windows.set(id, { user: event.user_id, start, count: 1, sum: price });
    else {
      totals.count += 1;
      totals.sum += price;
    }
  }
  const tally = emptyTally();
  for (const totals of windows.values()) addTo(tally, totals);
  return tally;
}
