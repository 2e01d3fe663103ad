import { json } from 'millrace';
import { keyedAggregate, type PricedEvent } from './keyed-aggregate.js';

/** The keyed aggregate of events of which only the fields it reads are decoded. */
export default keyedAggregate(
  json<PricedEvent>({
    fields: { user_id: 'string', timestamp: 'number', 'parameters.custom_params.price': 'number' },
  }),
);
