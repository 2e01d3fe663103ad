import { seededHash } from './seeded-hash.js';
import { productFor } from './shop-catalogue.js';
import { UserRotation } from './user-rotation.js';
import type { EventName, UserTrackingEvent } from './user-tracking-event.js';
import { eventsPerVisit, visitPlan } from './visit-plan.js';
import { visitorDevice } from './visitor-device.js';

export interface EventGeneratorOptions {
  /** Another seed, other events. Default 1. */
  readonly seed?: number;
  /** Distinct users, at least 10. Default 2,000. */
  readonly users?: number;
  /** Event time from one event to the next. Default 1 ms. */
  readonly eventIntervalMs?: number;
}

/**
 * Makes user-tracking events, each from its index alone: the same options give the same events in every
 * process, any range can be made again, and the check of a run needs no copy of its input.
 *
 * A user's visits follow one another, 12 events each, and a visit follows a plan (`visit-plan.ts`), so that
 * the trigger rules find what they look for.
 */
export class EventGenerator {
  private readonly seed: number;
  private readonly rotation: UserRotation;
  private readonly eventIntervalMs: number;

  constructor(options: EventGeneratorOptions = {}) {
    this.seed = options.seed ?? 1;
    this.rotation = new UserRotation(options.users ?? 2_000);
    this.eventIntervalMs = options.eventIntervalMs ?? 1;
  }

  /** The message key of the event with this index: its `user_id`, without making the event. */
  userIdAt(index: number): string {
    return userId(this.rotation.userAt(index));
  }

  eventAt(index: number): UserTrackingEvent {
    const user = this.rotation.userAt(index);
    const ordinal = this.rotation.ordinalAt(index, user);
    const userHash = seededHash(this.seed, user, 0);
    // Users begin anywhere in their first visit; otherwise all would buy in the same minute.
    const place = ordinal + (userHash % eventsPerVisit);
    const visit = Math.floor(place / eventsPerVisit);
    const step = place % eventsPerVisit;
    const visitHash = seededHash(this.seed ^ 0x5bd1e995, user, visit);
    const name = visitPlan(visitHash)[step]!;
    const eventHash = seededHash(this.seed ^ 0x27d4eb2f, user, ordinal);
    const device = visitorDevice(userHash);
    // A visit whose visitor did not agree to be addressed triggers nothing.
    const hasConsent = (visitHash >>> 8) % 8 !== 0;
    const campaign = (visitHash >>> 20) % campaigns.length;
    const event = {
      event_id: `evt_${eventNumberBase + index}`,
      user_id: userId(user),
      domain: 'shop.example.com',
      is_first_in_visit: step === 0 || ordinal === 0,
      is_last_in_visit: step === eventsPerVisit - 1,
      is_first_event: ordinal === 0,
      is_current: true,
      is_https: true,
      triggerable: hasConsent && canTrigger[name],
      event_name: name,
      event_displayname: displayNames[name],
      event_type: name === 'page_view' ? 'pageview' : 'interaction',
      integration: 'web',
      app: 'main_app',
      platform: device.device === 'mobile' ? 'mobile_web' : 'web',
      duration: eventHash % 30_000,
      timestamp: firstEventAtMs + index * this.eventIntervalMs,
      browser: device.browser,
      os: device.os,
      device: device.device,
      ip: `10.${(userHash >>> 16) & 255}.${(userHash >>> 8) & 255}.${userHash & 255}`,
      country: device.country,
      city: device.city,
      language: device.language,
      screen: device.screen,
      session_id: `sess_${user}_${visit}`,
      user_agent: device.user_agent,
      parameters: {
        custom_params: customParams(name, index, visitHash, eventHash),
        utm_source: 'google',
        utm_campaign: campaigns[campaign]!,
        utm_content: 'banner_ad',
        utm_medium: 'cpc',
        utm_term: 'shoes',
        utm_id: campaignIds[campaign]!,
      },
    };
    // One literal for every kind of event is twice as fast as one a kind, but hides from the compiler that
    // `customParams` answers what the name asks for; a test holds it to that.
    return event as UserTrackingEvent;
  }
}

/** Gives all event ids the same number of digits. */
const eventNumberBase = 1_000_000_000;
/** 2024-01-01T00:00:00Z. */
export const firstEventAtMs = 1_704_067_200_000;

const canTrigger: Readonly<Record<EventName, boolean>> = {
  page_view: false,
  click: false,
  search: false,
  product_view: true,
  add_to_cart: true,
  purchase: true,
};

const displayNames: Readonly<Record<EventName, string>> = {
  page_view: 'Page View',
  click: 'Click',
  search: 'Search',
  product_view: 'Product View',
  add_to_cart: 'Add To Cart',
  purchase: 'Purchase',
};

const referrers = [
  'https://www.google.com/',
  'https://duckduckgo.com/',
  'https://news.example.org/',
  '',
] as const;
const campaigns = ['spring_sale', 'summer_sale', 'soldes_ete', 'newsletter'] as const;
const campaignIds = ['camp_001', 'camp_002', 'camp_003', 'camp_004'] as const;

type CustomParams = UserTrackingEvent['parameters']['custom_params'];

function customParams(name: EventName, index: number, visitHash: number, eventHash: number): CustomParams {
  const { product_id, category, price, page_title, page_url } = productFor(visitHash >>> 12, eventHash);
  const referrer = referrers[visitHash % referrers.length]!;
  switch (name) {
    case 'page_view':
    case 'click':
      return {
        page_title: `${category} | Example Shop`,
        page_url: `https://shop.example.com/c/${category}?page=${eventHash % 20}`,
        referrer,
      };
    case 'search':
      return {
        page_title: 'Search | Example Shop',
        page_url: `https://shop.example.com/search?q=${category}`,
        referrer,
        search_term: category,
      };
    case 'product_view':
    case 'add_to_cart':
      return { page_title, page_url, referrer, product_id, category, price };
    case 'purchase': {
      const quantity = 1 + (eventHash % 3);
      return {
        page_title: 'Thank you – merci – ありがとう | Example Shop',
        page_url: 'https://shop.example.com/checkout/done',
        referrer,
        product_id,
        category,
        price,
        order_id: `order_${index}`,
        quantity,
        order_value: Math.round(price * quantity * 100) / 100,
      };
    }
  }
}

function userId(user: number): string {
  return `user_${1_000_000 + user}`;
}
