import { json } from 'millrace';
import type { PricedEvent } from './keyed-aggregate.js';
import { windowedTotals } from './windowed-totals.js';

/** The windowed totals of events of which only the fields that the job reads are decoded. */
export default windowedTotals(
  json<PricedEvent>({
    fields: { user_id: 'string', timestamp: 'number', 'parameters.custom_params.price': 'number' },
  }),
);
