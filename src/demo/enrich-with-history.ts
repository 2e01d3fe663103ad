import {
  type Collector,
  type KeyedContext,
  KeyedProcessFunction,
  type ListState,
  type RuntimeContext,
  type ValueState,
} from '../index.js';
import { continueVisit } from './continue-visit.js';
import type { EnrichedEvent, PastEvent, UserProfile, Visit } from './enriched-event.js';
import { lookUpProfile } from './user-profile.js';
import type { UserTrackingEvent } from './user-tracking-event.js';

/** Adds to each event what is known of its user: profile, current visit and the last 100 events. */
export class EnrichWithHistory extends KeyedProcessFunction<string, UserTrackingEvent, EnrichedEvent> {
  private profile!: ValueState<UserProfile>;
  private visit!: ValueState<Visit>;
  private history!: ListState<PastEvent>;

  override open(context: RuntimeContext): void {
    this.profile = context.getState<UserProfile>({ name: 'profile' });
    this.visit = context.getState<Visit>({ name: 'visit' });
    this.history = context.getListState<PastEvent>({ name: 'history', maxLength: 100 });
  }

  override processElement(
    event: UserTrackingEvent,
    _context: KeyedContext<string>,
    out: Collector<EnrichedEvent>,
  ): void {
    const currentVisit = continueVisit(this.visit.value(), event);
    const eventHistory = this.history.get();
    out.collect({ event, userProfile: this.profileOf(event.user_id), currentVisit, eventHistory });

    this.visit.update(currentVisit);
    const { event_id, event_name, timestamp } = event;
    this.history.add({ event_id, event_name, timestamp });
  }

  /** Looked up when the user is first seen, then kept. */
  private profileOf(userId: string): UserProfile {
    const known = this.profile.value();
    if (known !== undefined) return known;
    const profile = lookUpProfile(userId);
    this.profile.update(profile);
    return profile;
  }
}
