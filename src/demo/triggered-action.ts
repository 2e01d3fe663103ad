/** Something to be done for a user: what the job writes to `triggered-actions`, keyed by `user_id`. */
export type TriggeredAction = CategoryInterest | CartAbandoned | HighValuePurchase;

export type TriggerRule = TriggeredAction['rule'];

/** The user looked at products of one category for the third time within a session. */
export interface CategoryInterest extends ActionFields {
  readonly rule: 'category-interest';
  readonly category: string;
  readonly product_id: string;
}

/** The user put something into the cart and bought nothing for half an hour. */
export interface CartAbandoned extends ActionFields {
  readonly rule: 'cart-abandoned';
  /** Pieces in the cart. */
  readonly items: number;
  readonly cart_value: number;
}

/** The user bought for more than a certain value. */
export interface HighValuePurchase extends ActionFields {
  readonly rule: 'high-value-purchase';
  readonly order_id: string;
  readonly order_value: number;
}

export interface ActionFields {
  /** Unique: the rule and the event that triggered it. */
  readonly action_id: string;
  readonly user_id: string;
  readonly session_id: string;
  /** The event that triggered it; of an abandoned cart, the last one that put something in. */
  readonly event_id: string;
  /** When it was triggered, in event time: epoch milliseconds. */
  readonly timestamp: number;
  /** To address the user in. */
  readonly language: string;
  /** Pages seen in the visit until then. */
  readonly page_count: number;
  /** How many of the user's last 100 events were known before the triggering one. */
  readonly history_length: number;
}
