import type { Visit } from '../../demo/enriched-event.js';
import type { UserTrackingEvent } from '../../demo/user-tracking-event.js';
import { knownFactsOf } from './known-users.js';
import type { HistoryEntry, MergedEvent } from './merged-event.js';

/**
 * What the job must write, by user and in order, worked out with plain loops. It shares with the job the
 * types and what the service knows, and none of the code. Of the users in `unanswered` the service never
 * tells anything in time.
 */
export function expectedMergedEvents(
  events: Iterable<UserTrackingEvent>,
  unanswered: ReadonlySet<string> = new Set(),
): ReadonlyMap<string, readonly MergedEvent[]> {
  const expected = new Map<string, MergedEvent[]>();
  const users = new Map<string, { past: HistoryEntry[]; visit: Visit | null }>();
  for (const event of events) {
    const facts = knownFactsOf(event.user_id);
    let merged: MergedEvent = { event, profile: null, visit: null, history: [] };
    if (!unanswered.has(event.user_id)) {
      const user = users.get(event.user_id) ?? { past: [...facts.history], visit: facts.visit };
      users.set(event.user_id, user);
      const isPage = ['page_view', 'product_view'].includes(event.event_name);
      const isSameVisit = user.visit !== null && user.visit.visit_id === event.session_id;
      const pagesBefore = isSameVisit ? user.visit!.page_count : 0;
      user.visit = {
        visit_id: event.session_id,
        start_time: isSameVisit ? user.visit!.start_time : event.timestamp,
        page_count: pagesBefore + (isPage ? 1 : 0),
        is_first_visit: isSameVisit ? user.visit!.is_first_visit : user.visit === null,
      };
      merged = { event, profile: facts.profile, visit: user.visit, history: user.past.slice(-100) };
      user.past.push({
        event_id: event.event_id,
        event_name: event.event_name,
        timestamp: event.timestamp,
        page_title: event.parameters.custom_params.page_title,
        page_url: event.parameters.custom_params.page_url,
      });
    }
    if (!event.triggerable) continue;
    const ofUser = expected.get(event.user_id);
    if (ofUser === undefined) expected.set(event.user_id, [merged]);
    else ofUser.push(merged);
  }
  return expected;
}

/** How what was written differs from what was expected: a sentence each, none when they are equal. */
export function mergedEventMistakes(
  written: readonly MergedEvent[],
  expected: ReadonlyMap<string, readonly MergedEvent[]>,
): string[] {
  const byUser = new Map<string, MergedEvent[]>();
  for (const merged of written) {
    const ofUser = byUser.get(merged.event.user_id);
    if (ofUser === undefined) byUser.set(merged.event.user_id, [merged]);
    else ofUser.push(merged);
  }
  const users = new Set([...expected.keys(), ...byUser.keys()]);
  return [...users].flatMap((user) => {
    const found = (byUser.get(user) ?? []).map(canonicalText);
    const wanted = (expected.get(user) ?? []).map(canonicalText);
    if (found.length !== wanted.length) {
      return [`${user} has ${found.length} merged events, and there should be ${wanted.length}`];
    }
    const at = wanted.findIndex((text, index) => text !== found[index]);
    return at === -1 ? [] : [`${user}'s merged event ${at} ${differenceOf(found[at]!, wanted[at]!)}`];
  });
}

/** From where the two texts part. */
function differenceOf(found: string, wanted: string): string {
  let at = 0;
  while (found[at] === wanted[at]) at += 1;
  const part = (text: string): string => text.slice(Math.max(0, at - 40), at + 40);
  return `has …${part(found)}… where it should have …${part(wanted)}…`;
}

/** With the fields of every object in alphabetical order, so that equal values are equal texts. */
function canonicalText(value: unknown): string {
  return JSON.stringify(value, (_name, field: unknown) =>
    typeof field === 'object' && field !== null && !Array.isArray(field)
      ? Object.fromEntries(Object.entries(field).sort(([a], [b]) => (a < b ? -1 : 1)))
      : field,
  );
}
