import { pricedEventFields } from './priced-events.js';
import { windowedTotals } from './windowed-totals.js';

/** The windowed totals of events of which only the fields that the job reads are decoded. */
export default windowedTotals(pricedEventFields);
