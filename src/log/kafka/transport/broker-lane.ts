import type { Clock } from '../../../host/clock.js';
import { waitWithin } from '../../../host/wait-within.js';
import type { BrokerAddress } from '../kafka-config.js';
import type { KafkaRequest } from '../protocol/kafka-request.js';
import { BrokerConnection } from './broker-connection.js';
import type { ConnectionSettings } from './connection-settings.js';
import { TransportError } from './transport-error.js';

/**
 * One connection at a time to one broker, opened when it is needed and again after it was lost. A broker
 * answers the requests of a connection in order, so what must not wait for each other (a held fetch and an
 * append) goes by lanes of its own.
 */
export class BrokerLane {
  private readonly address: () => BrokerAddress;
  private readonly settings: ConnectionSettings;
  private readonly clock: Clock;
  private opening: Promise<void> | undefined;
  private connection: BrokerConnection | undefined;
  private isClosed = false;

  /** `address` is asked at each connecting: a broker may come back elsewhere. */
  constructor(address: () => BrokerAddress, settings: ConnectionSettings, clock: Clock) {
    this.address = address;
    this.settings = settings;
    this.clock = clock;
  }

  /** @throws TransportError (the outcome is unknown, or nothing was sent) | LogError */
  async send<Response>(request: KafkaRequest<Response>): Promise<Response> {
    if (this.connection?.isOpen !== true) await this.open();
    const connection = this.connection;
    if (connection === undefined || this.isClosed) throw this.closedError();
    return connection.send(request);
  }

  close(): void {
    this.isClosed = true;
    this.connection?.destroy(closedReason);
  }

  private async open(): Promise<void> {
    if (this.isClosed) throw this.closedError();
    if (this.opening === undefined) {
      const connection = new BrokerConnection(this.address(), this.settings);
      // Known before it is open, so that `close` ends a connecting that hangs.
      this.connection = connection;
      this.opening = this.openInTime(connection).finally(() => {
        this.opening = undefined;
      });
    }
    await this.opening;
  }

  /** A broker that is stopped still accepts connections, by its system, and then says nothing. */
  private async openInTime(connection: BrokerConnection): Promise<void> {
    const { connectionTimeoutMs } = this.settings;
    const opened = connection.open();
    if (await waitWithin(this.clock, connectionTimeoutMs, opened)) return;
    connection.destroy(`no connection within ${connectionTimeoutMs} ms`);
    await opened;
  }

  private closedError(): TransportError {
    return new TransportError(this.address(), closedReason);
  }
}

const closedReason = 'the client was closed';
