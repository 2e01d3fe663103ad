/**
 * One action of a visitor on a website, as its tracking script reports it: about 1 KB of JSON in the topic
 * `user-tracking-events`, keyed by `user_id`. The event's name says which parameters it carries.
 */
export type UserTrackingEvent = PageEvent | SearchEvent | ProductEvent | PurchaseEvent;

export type EventName = UserTrackingEvent['event_name'];

export interface PageEvent extends CommonFields {
  readonly event_name: 'page_view' | 'click';
  readonly parameters: Parameters<PageParams>;
}

export interface SearchEvent extends CommonFields {
  readonly event_name: 'search';
  readonly parameters: Parameters<PageParams & { readonly search_term: string }>;
}

export interface ProductEvent extends CommonFields {
  readonly event_name: 'product_view' | 'add_to_cart';
  readonly parameters: Parameters<ProductParams>;
}

export interface PurchaseEvent extends CommonFields {
  readonly event_name: 'purchase';
  readonly parameters: Parameters<
    ProductParams & { readonly order_id: string; readonly quantity: number; readonly order_value: number }
  >;
}

export interface PageParams {
  readonly page_title: string;
  readonly page_url: string;
  readonly referrer: string;
}

export interface ProductParams extends PageParams {
  readonly product_id: string;
  readonly category: string;
  /** Of one piece, in the shop's currency. */
  readonly price: number;
}

export interface Parameters<Custom> {
  readonly custom_params: Custom;
  readonly utm_source: string;
  readonly utm_campaign: string;
  readonly utm_content: string;
  readonly utm_medium: string;
  readonly utm_term: string;
  readonly utm_id: string;
}

interface CommonFields {
  /** Unique over all events. */
  readonly event_id: string;
  readonly user_id: string;
  readonly domain: string;
  readonly is_first_in_visit: boolean;
  readonly is_last_in_visit: boolean;
  /** The first event ever of this user. */
  readonly is_first_event: boolean;
  readonly is_current: boolean;
  readonly is_https: boolean;
  /** Only these events may trigger an action. */
  readonly triggerable: boolean;
  readonly event_displayname: string;
  readonly event_type: string;
  readonly integration: string;
  readonly app: string;
  readonly platform: string;
  /** Milliseconds. */
  readonly duration: number;
  /** When it happened: epoch milliseconds. */
  readonly timestamp: number;
  readonly browser: string;
  readonly os: string;
  readonly device: string;
  readonly ip: string;
  readonly country: string;
  readonly city: string;
  readonly language: string;
  readonly screen: string;
  readonly session_id: string;
  readonly user_agent: string;
}
