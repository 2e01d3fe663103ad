import { json } from 'millrace';
import { keyedAggregate, type PricedEvent } from './keyed-aggregate.js';

/** The keyed aggregate of events parsed as a whole. */
export default keyedAggregate(json<PricedEvent>());
