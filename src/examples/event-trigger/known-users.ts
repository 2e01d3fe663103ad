import { textHash } from '../../demo/seeded-hash.js';
import { lookUpProfile } from '../../demo/user-profile.js';
import type { HistoryEntry, UserFacts } from './merged-event.js';

/** What the user service has in its database: the same for a user each time. */
export function knownFactsOf(userId: string): UserFacts {
  const hash = textHash(userId);
  const profile = lookUpProfile(userId);
  // Every tenth user is new.
  if (hash % 10 === 0) return { profile, visit: null, history: [] };
  const length = hash % 101;
  const history = Array.from({ length }, (_, index) => earlierEvent(userId, index));
  const visit = {
    visit_id: `earlier_${userId}`,
    start_time: firstAtMs,
    page_count: length,
    is_first_visit: hash % 3 === 0,
  };
  return { profile, visit, history };
}

/** Some days before the stream's first event. */
const firstAtMs = 1_700_000_000_000;

function earlierEvent(userId: string, index: number): HistoryEntry {
  return {
    event_id: `earlier_${userId}_${index}`,
    event_name: index % 5 === 4 ? 'product_view' : 'page_view',
    timestamp: firstAtMs + index * 60_000,
    page_title: `Page ${index}`,
    page_url: `https://shop.example.com/pages/${index}`,
  };
}
