import { connect as connectTcp, isIP, type OnReadOpts, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import Connection, { type Logger, type SocketFactory } from 'kafkajs/src/network/connection.js';
import { LogError } from '../../log-port.js';
import type { BrokerAddress } from '../kafka-config.js';
import { apiVersionsRequest } from '../protocol/api-versions.js';
import { type KafkaRequest, kafkaApis } from '../protocol/kafka-request.js';
import { WireReader } from '../protocol/wire-reader.js';
import { WireWriter } from '../protocol/wire-writer.js';
import { type ConnectionStage, connectionRefused } from './connection-refusal.js';
import type { ConnectionSettings } from './connection-settings.js';
import { FrameAssembler } from './frame-assembler.js';
import { TransportError } from './transport-error.js';

/**
 * Invariant: after a failed request the connection is gone. A request that timed out may still be on its
 * way, and on a connection that lived on, its late effect could follow that of the retry.
 *
 * The one place that knows kafkajs: its connection does TCP, TLS, SASL, framing, correlation and request
 * time-outs. Requests and answers are encoded and decoded by `protocol/`.
 */
export class BrokerConnection {
  readonly address: BrokerAddress;
  private readonly connection: Connection;
  private readonly settings: ConnectionSettings;
  private socket: Socket | undefined;
  /** Set once, for the requests that wait for an answer. */
  private failure: TransportError | undefined;
  private isReady = false;
  /** How far it has come, for what a failure means. */
  private stage: ConnectionStage = 'connecting';
  /** Kafkajs does not hear of a connection that ends while it connects or authenticates. */
  private rejectOpening: (error: Error) => void = () => {};

  constructor(address: BrokerAddress, settings: ConnectionSettings) {
    this.address = address;
    this.settings = settings;
    this.connection = new Connection({
      host: address.host,
      port: address.port,
      ssl: settings.tls ?? null,
      sasl: settings.sasl ?? null,
      clientId: settings.clientId,
      connectionTimeout: settings.connectionTimeoutMs,
      requestTimeout: settings.requestTimeoutMs,
      logger: silentLogger,
      socketFactory: this.openSocket,
    });
    avoidNegativeTimers(this.connection);
  }

  /** Connects, authenticates, and learns whether the broker speaks what we speak. @throws TransportError | LogError */
  async open(): Promise<void> {
    const ended = new Promise<never>((_, reject) => {
      this.rejectOpening = reject;
    });
    try {
      await Promise.race([this.connect(), ended]);
    } catch (error) {
      const refused = connectionRefused(error, this.stage, this.address, this.settings);
      const what = refused instanceof LogError ? refused.message : `cannot connect: ${refused}`;
      this.destroy(what, error);
      throw refused instanceof LogError ? refused : new TransportError(this.address, what, { cause: error });
    }
  }

  get isOpen(): boolean {
    return this.isReady && this.failure === undefined && this.connection.isConnected();
  }

  /** @throws TransportError, after which this connection is closed. */
  async send<Response>(request: KafkaRequest<Response>): Promise<Response> {
    if (this.failure !== undefined) throw this.nothingSent();
    try {
      // A SASL session ends after the time that the broker gave it.
      if (this.isReady && this.settings.sasl !== undefined && !this.connection.isAuthenticated())
        await this.authenticate();
      const answer = new WireReader(await this.exchange(request));
      if (this.stage === 'unused') this.stage = 'used';
      if (request.api.isFlexible) answer.skipTaggedFields();
      return request.decode(answer);
    } catch (error) {
      if (!this.isReady) throw error;
      const refused = connectionRefused(error, this.stage, this.address, this.settings);
      const what = refused instanceof LogError ? refused.message : `${request.api.name} failed: ${refused}`;
      this.destroy(what, error);
      throw refused instanceof LogError
        ? refused
        : new TransportError(this.address, what, { cause: error, isUnanswered: true });
    }
  }

  /** Ends the connection at once; what waits for an answer is rejected. */
  destroy(why: string, cause?: unknown): void {
    this.failure ??= new TransportError(this.address, why, { cause, isUnanswered: true });
    this.rejectOpening(this.failure);
    this.connection.requestQueue.rejectAll(this.failure);
    // With an error, so that kafkajs's own handler clears its timers.
    this.socket?.destroy(this.failure);
    void this.connection.disconnect();
  }

  private nothingSent(): TransportError {
    return new TransportError(this.address, this.failure?.what ?? 'the connection is closed', {
      cause: this.failure,
    });
  }

  private async connect(): Promise<void> {
    await this.connection.connect();
    this.stage = 'greeting';
    const versions = await this.send(apiVersionsRequest());
    for (const api of Object.values(kafkaApis)) {
      const known = versions.get(api.key);
      if (known === undefined || api.version < known.minVersion || api.version > known.maxVersion) {
        throw new LogError(
          'invalid-configuration',
          `The broker at ${this.address.host}:${this.address.port} does not know version ${api.version} of ${api.name}. ` +
            'Millrace needs Apache Kafka 2.4 or newer.',
        );
      }
    }
    this.connection.setVersions(Object.fromEntries(versions));
    this.connection.setSupportAuthenticationProtocol(versions.has(saslAuthenticateKey));
    if (this.settings.sasl !== undefined) {
      this.stage = 'authenticating';
      await this.authenticate();
    }
    this.stage = 'unused';
    this.isReady = true;
  }

  /** Calls at one time share one authentication. */
  private async authenticate(): Promise<void> {
    const { connection } = this;
    await connection.authenticate();
    const lifetimeMs = connection.sessionLifetime.toNumber();
    connection.reauthenticationThreshold = Math.ceil(lifetimeMs * (1 - reauthenticationFactor));
  }

  private exchange(request: KafkaRequest<unknown>): Promise<Buffer> {
    const { api } = request;
    const correlationId = this.connection.nextCorrelationId();
    const pieces = this.frame(request, correlationId);
    return new Promise((resolve, reject) => {
      this.connection.requestQueue.push({
        entry: {
          apiKey: api.key,
          apiName: api.name,
          apiVersion: api.version,
          correlationId,
          resolve: (answer) => resolve(answer.payload),
          reject,
        },
        expectResponse: true,
        requestTimeout: null,
        sendRequest: () => this.write(pieces),
      });
    });
  }

  private frame(request: KafkaRequest<unknown>, correlationId: number): readonly Buffer[] {
    const { api } = request;
    const head = new WireWriter().int32(0).int16(api.key).int16(api.version).int32(correlationId);
    head.string(this.settings.clientId);
    if (api.isFlexible) head.noTaggedFields();
    const pieces = [head.finish(), ...request.encode()];
    const byteLength = pieces.reduce((sum, piece) => sum + piece.length, 0);
    (pieces[0] as Buffer).writeInt32BE(byteLength - frameLengthBytes, 0);
    return pieces;
  }

  private write(pieces: readonly Buffer[]): void {
    const socket = this.socket;
    if (socket === undefined) throw new TransportError(this.address, 'the connection is closed');
    socket.cork();
    for (const piece of pieces) socket.write(piece);
    socket.uncork();
  }

  /** Only of a plain socket: a TLS socket reads from its own decryption. */
  private readFrames(): OnReadOpts {
    const assembler = new FrameAssembler((frame) => {
      // An empty remainder of the frame before would have kafkajs copy this one to join the two.
      this.connection.chunks = [];
      this.connection.processData(frame);
    });
    return {
      buffer: () => assembler.nextBuffer(),
      callback: (byteLength) => {
        try {
          assembler.received(byteLength);
        } catch (error) {
          this.destroy(error instanceof Error ? error.message : String(error), error);
        }
        return true;
      },
    };
  }

  private readonly openSocket: SocketFactory = ({ host, port, ssl, onConnect }) => {
    const serverName = isIP(host) === 0 ? { servername: host } : {};
    const socket =
      ssl === null
        ? connectTcp({ host, port, onread: this.readFrames() }, onConnect)
        : connectTls({ host, port, ...serverName, ...ssl }, onConnect);
    // A request must not wait for the acknowledgement of the one before it.
    socket.setNoDelay(true);
    socket.setKeepAlive(true, keepAliveDelayMs);
    // Kafkajs passes an error on only once it has taken the connection down, after the close.
    socket.once('error', (error) => this.rejectOpening(error));
    socket.once('close', () => this.destroy('the connection was closed'));
    this.socket = socket;
    return socket;
  };
}

const frameLengthBytes = 4;
const saslAuthenticateKey = 36;
const keepAliveDelayMs = 60_000;
/**
 * As Java's client: a session is renewed after this part of it. A fixed time before its end would come at every
 * request of a short session, and a broker refuses to renew one twice within a second (KIP-368).
 */
const reauthenticationFactor = 0.85;

/** What kafkajs would print is told by our own errors. */
const silentLogger: Logger = {
  namespace: () => silentLogger,
  error: () => {},
  warn: () => {},
  info: () => {},
  debug: () => {},
};

/** After each answer kafkajs sets a timer with a negative delay even where nothing waits; Node 24 warns of that. */
function avoidNegativeTimers(connection: Connection): void {
  const queue = connection.requestQueue;
  const schedule = queue.scheduleCheckPendingRequests.bind(queue);
  queue.scheduleCheckPendingRequests = () => {
    if (queue.pending.length > 0) schedule();
  };
}
