import { json } from 'millrace';
import { keyedAggregate } from './keyed-aggregate.js';
import type { PricedEvent } from './priced-events.js';

/** The keyed aggregate of events parsed as a whole. */
export default keyedAggregate(json<PricedEvent>());
