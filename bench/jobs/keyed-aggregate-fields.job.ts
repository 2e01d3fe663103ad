import { keyedAggregate } from './keyed-aggregate.js';
import { pricedEventFields } from './priced-events.js';

/** The keyed aggregate of events of which only the fields it reads are decoded. */
export default keyedAggregate(pricedEventFields);
