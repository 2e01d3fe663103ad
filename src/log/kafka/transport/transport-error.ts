import type { BrokerAddress } from '../kafka-config.js';

/** A request whose answer did not come: nobody knows whether the broker did what it asked for. */
export class TransportError extends Error {
  override readonly name = 'TransportError';
  readonly address: BrokerAddress;

  constructor(address: BrokerAddress, what: string, cause?: unknown) {
    super(`${address.host}:${address.port}: ${what}`, cause === undefined ? undefined : { cause });
    this.address = address;
  }
}
