import type { UserProfile, Visit } from '../../demo/enriched-event.js';
import type { UserTrackingEvent } from '../../demo/user-tracking-event.js';

/** A tracking event with what is known of its user at that moment: what the job writes. Up to 20 KB. */
export interface MergedEvent {
  readonly event: UserTrackingEvent;
  /** Null when the service gave no answer in time; visit and history are then unknown, too. */
  readonly profile: UserProfile | null;
  readonly visit: Visit | null;
  /** The user's last 100 events before this one, oldest first. */
  readonly history: readonly HistoryEntry[];
}

export interface HistoryEntry {
  readonly event_id: string;
  readonly event_name: string;
  /** Epoch milliseconds. */
  readonly timestamp: number;
  readonly page_title: string;
  readonly page_url: string;
}

export const historyLengthMax = 100;

/** What the service knows of a user from before. */
export interface UserFacts {
  readonly profile: UserProfile;
  /** The last visit before the stream began; null for a user who never was there. */
  readonly visit: Visit | null;
  /** Oldest first, 100 at most. */
  readonly history: readonly HistoryEntry[];
}
