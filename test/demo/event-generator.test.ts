import { describe, expect, it } from 'vitest';
import { EventGenerator, firstEventAtMs } from '../../src/demo/event-generator.js';
import type { UserTrackingEvent } from '../../src/demo/user-tracking-event.js';

function range(generator: EventGenerator, count: number): UserTrackingEvent[] {
  return Array.from({ length: count }, (_, i) => generator.eventAt(i));
}

describe('EventGenerator', () => {
  it('makes the same event again from its index alone, in any order', () => {
    const forwards = range(new EventGenerator({ seed: 7, users: 100 }), 1_000);
    const again = new EventGenerator({ seed: 7, users: 100 });
    for (let i = 999; i >= 0; i--) expect(again.eventAt(i)).toEqual(forwards[i]);
  });

  it('makes other events from another seed', () => {
    const one = range(new EventGenerator({ seed: 1, users: 100 }), 50);
    const other = range(new EventGenerator({ seed: 2, users: 100 }), 50);
    expect(one).not.toEqual(other);
  });

  it('keeps to its golden event, on which recorded runs rely', () => {
    const event = new EventGenerator({ seed: 1, users: 2_000 }).eventAt(12_345);
    expect(event).toMatchInlineSnapshot(`
      {
        "app": "main_app",
        "browser": "chrome",
        "city": "Aarhus",
        "country": "DK",
        "device": "mobile",
        "domain": "shop.example.com",
        "duration": 15612,
        "event_displayname": "Page View",
        "event_id": "evt_1000012345",
        "event_name": "page_view",
        "event_type": "pageview",
        "integration": "web",
        "ip": "10.168.172.182",
        "is_current": true,
        "is_first_event": false,
        "is_first_in_visit": false,
        "is_https": true,
        "is_last_in_visit": false,
        "language": "da-DK",
        "os": "android",
        "parameters": {
          "custom_params": {
            "page_title": "cameras | Example Shop",
            "page_url": "https://shop.example.com/c/cameras?page=12",
            "referrer": "https://news.example.org/",
          },
          "utm_campaign": "summer_sale",
          "utm_content": "banner_ad",
          "utm_id": "camp_002",
          "utm_medium": "cpc",
          "utm_source": "google",
          "utm_term": "shoes",
        },
        "platform": "mobile_web",
        "screen": "412x915",
        "session_id": "sess_77_2",
        "timestamp": 1704067212345,
        "triggerable": false,
        "user_agent": "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.6099.109 Safari/537.36",
        "user_id": "user_1000077",
      }
    `);
  });

  it('makes events of about 1 KB, some of them beyond ASCII', () => {
    const sizes = range(new EventGenerator({ users: 1_000 }), 5_000).map((event) => {
      const text = JSON.stringify(event);
      return { bytes: Buffer.byteLength(text), characters: text.length };
    });
    const mean = sizes.reduce((sum, { bytes }) => sum + bytes, 0) / sizes.length;
    expect(mean).toBeGreaterThan(900);
    expect(mean).toBeLessThan(1_100);
    for (const { bytes } of sizes) {
      expect(bytes).toBeGreaterThanOrEqual(500);
      expect(bytes).toBeLessThanOrEqual(2_048);
    }
    const beyondAscii = sizes.filter(({ bytes, characters }) => bytes > characters).length / sizes.length;
    expect(beyondAscii).toBeGreaterThan(0.2);
    expect(beyondAscii).toBeLessThan(0.8);
  });

  it('moves event time on by its interval and numbers the events uniquely', () => {
    const events = range(new EventGenerator({ users: 50, eventIntervalMs: 50 }), 2_000);
    expect(new Set(events.map((event) => event.event_id)).size).toBe(2_000);
    events.forEach((event, i) => {
      expect(event.timestamp).toBe(firstEventAtMs + i * 50);
    });
  });

  it('gives each event the parameters that its name promises', () => {
    for (const { event_name, parameters } of range(new EventGenerator({ users: 50 }), 2_000)) {
      const fields = Object.keys(parameters.custom_params).sort();
      const page = ['page_title', 'page_url', 'referrer'];
      const product = [...page, 'product_id', 'category', 'price'];
      const expected = {
        page_view: page,
        click: page,
        search: [...page, 'search_term'],
        product_view: product,
        add_to_cart: product,
        purchase: [...product, 'order_id', 'quantity', 'order_value'],
      }[event_name];
      expect(fields).toEqual([...expected].sort());
    }
  });

  it('names the key of an event as the event itself does', () => {
    const generator = new EventGenerator({ users: 77 });
    for (let i = 0; i < 500; i++) expect(generator.userIdAt(i)).toBe(generator.eventAt(i).user_id);
  });

  it('lets a user be in one visit at a time, marked at its beginning and end', () => {
    const sessions = new Map<string, string>();
    const ended = new Set<string>();
    for (const event of range(new EventGenerator({ users: 20 }), 3_000)) {
      const isNew = sessions.get(event.user_id) !== event.session_id;
      expect(event.is_first_in_visit).toBe(isNew);
      expect(event.is_first_event).toBe(!sessions.has(event.user_id));
      expect(ended.has(event.session_id)).toBe(false);
      if (event.is_last_in_visit) ended.add(event.session_id);
      sessions.set(event.user_id, event.session_id);
    }
  });
});
