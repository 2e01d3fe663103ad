import type { UserTrackingEvent } from './user-tracking-event.js';

/** A tracking event together with what is known of its user at that moment. Up to 20 KB. */
export interface EnrichedEvent {
  readonly event: UserTrackingEvent;
  readonly userProfile: UserProfile;
  readonly currentVisit: Visit;
  /** The user's last 100 events before this one, oldest first. */
  readonly eventHistory: readonly PastEvent[];
}

export interface UserProfile {
  readonly user_id: string;
  readonly country: string;
  readonly city: string;
  readonly language: string;
  readonly timezone: string;
}

export interface Visit {
  readonly visit_id: string;
  /** Epoch milliseconds. */
  readonly start_time: number;
  /** Pages seen in this visit so far. */
  readonly page_count: number;
  readonly is_first_visit: boolean;
}

export interface PastEvent {
  readonly event_id: string;
  readonly event_name: string;
  readonly timestamp: number;
}
