import type { Visit } from './enriched-event.js';
import type { UserTrackingEvent } from './user-tracking-event.js';

/** The user's visit with this event in it: a session begins another visit. */
export function continueVisit(visit: Visit | undefined, event: UserTrackingEvent): Visit {
  const pages = event.event_name === 'page_view' || event.event_name === 'product_view' ? 1 : 0;
  if (visit?.visit_id === event.session_id) return { ...visit, page_count: visit.page_count + pages };
  return {
    visit_id: event.session_id,
    start_time: event.timestamp,
    page_count: pages,
    is_first_visit: visit === undefined,
  };
}
