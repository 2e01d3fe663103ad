import type { BrokerAddress } from '../kafka-config.js';

/** A request whose answer did not come. */
export class TransportError extends Error {
  override readonly name = 'TransportError';
  readonly what: string;
  /** It was sent: the broker may have done what it asked for, or may still do it. Otherwise it never left. */
  readonly isUnanswered: boolean;

  constructor(
    address: BrokerAddress,
    what: string,
    options: { readonly cause?: unknown; readonly isUnanswered?: boolean } = {},
  ) {
    const { cause, isUnanswered = false } = options;
    super(`${address.host}:${address.port}: ${what}`, cause === undefined ? undefined : { cause });
    this.what = what;
    this.isUnanswered = isUnanswered;
  }
}
