import { json } from 'millrace';
import type { PricedEvent } from './priced-events.js';
import { windowedTotals } from './windowed-totals.js';

/** The windowed totals of events parsed as a whole. */
export default windowedTotals(json<PricedEvent>());
