import { continueVisit } from '../../demo/continue-visit.js';
import type { UserProfile, Visit } from '../../demo/enriched-event.js';
import type { UserTrackingEvent } from '../../demo/user-tracking-event.js';
import {
  type Collector,
  type DeepReadonly,
  type KeyedAsyncContext,
  KeyedAsyncProcessFunction,
  type KeyedAsyncRuntimeContext,
  type KeyedContext,
  type ListState,
  type StateTtlConfig,
  type ValueState,
} from '../../index.js';
import { type HistoryEntry, historyLengthMax, type MergedEvent, type UserFacts } from './merged-event.js';
import { UserServiceClient } from './user-service-client.js';

/** `'nothing'`: the service did not answer in time. */
type Answer = UserFacts | 'nothing';

/**
 * Adds to each event what is known of its user. The first event of a user asks the service; from then on the
 * state knows, until the user has not been seen for a day.
 */
export class MergeUserFacts extends KeyedAsyncProcessFunction<
  string,
  UserTrackingEvent,
  Answer,
  MergedEvent
> {
  private readonly serviceUrl: string;
  private service!: UserServiceClient;
  private profile!: ValueState<UserProfile>;
  private visit!: ValueState<Visit>;
  private history!: ListState<HistoryEntry>;

  constructor(serviceUrl: string) {
    super();
    this.serviceUrl = serviceUrl;
  }

  override open(context: KeyedAsyncRuntimeContext): void {
    this.service = new UserServiceClient(this.serviceUrl, context);
    this.profile = context.getState<UserProfile>({ name: 'profile', ttl: whileSeen });
    this.visit = context.getState<Visit>({ name: 'visit', ttl: whileSeen });
    // Here each entry has a life of its own: reading them must not write all hundred again.
    this.history = context.getListState<HistoryEntry>({
      name: 'history',
      maxLength: historyLengthMax,
      ttl: { time: '1d' },
    });
  }

  override asyncInvoke(
    event: DeepReadonly<UserTrackingEvent>,
    { signal }: KeyedAsyncContext<string>,
  ): Promise<Answer> | undefined {
    if (this.profile.value() !== undefined) return undefined;
    return this.service.factsOf(event.user_id, signal);
  }

  /** The event is worth more with nothing added than not at all; the user's next one asks again. */
  override timeout(): Answer {
    return 'nothing';
  }

  override processElement(
    event: UserTrackingEvent,
    answer: Answer | undefined,
    _context: KeyedContext<string>,
    out: Collector<MergedEvent>,
  ): void {
    if (answer === 'nothing') {
      out.collect({ event, profile: null, visit: null, history: [] });
      return;
    }
    if (answer !== undefined) this.remember(answer);
    const visit = continueVisit(this.visit.value(), event);
    out.collect({ event, profile: this.profile.value() ?? null, visit, history: this.history.get() });

    this.visit.update(visit);
    const { event_id, event_name, timestamp } = event;
    const { page_title, page_url } = event.parameters.custom_params;
    this.history.add({ event_id, event_name, timestamp, page_title, page_url });
  }

  private remember({ profile, visit, history }: UserFacts): void {
    this.profile.update(profile);
    if (visit === null) this.visit.clear();
    else this.visit.update(visit);
    this.history.update(history);
  }
}

const whileSeen: StateTtlConfig = { time: '1d', updateType: 'onReadAndWrite' };
