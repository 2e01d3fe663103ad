import type { EventGenerator } from '#dist/demo/event-generator.js';
import type { UserTotals } from '../jobs/user-totals.js';

/**
 * What the job must have in its state: computed from the generator, in one loop, sharing no code with the job.
 * Prices are summed in the order of a user's events, which is that of their partition, so the sums are equal to
 * the last bit.
 */
export function expectedTotals(generator: EventGenerator, events: number): Map<string, UserTotals> {
  const byUser = new Map<string, { count: number; lastTs: number; sum: number }>();
  for (let index = 0; index < events; index += 1) {
    const event = generator.eventAt(index);
    const { custom_params } = event.parameters;
    const price = 'price' in custom_params ? custom_params.price : 0;
    const totals = byUser.get(event.user_id);
    if (totals === undefined) {
      byUser.set(event.user_id, { count: 1, lastTs: event.timestamp, sum: price });
    } else {
      totals.count += 1;
      totals.lastTs = event.timestamp;
      totals.sum += price;
    }
  }
  return byUser;
}
