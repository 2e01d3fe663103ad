import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { type KafkaFrame, KafkaFrames, type ProxiedRequest, readRequest } from './kafka-frames.js';

/** A request on its way to the broker, or its answer on its way back. */
export interface Passing {
  readonly part: 'request' | 'answer';
  readonly request: ProxiedRequest;
}

/** `swallow`: it never arrives, and the connection stays as it is. */
export type Passage = 'forward' | 'swallow';

interface ProxiedConnection {
  isLost: boolean;
  /** Requests without an answer, by their correlation id. */
  readonly awaited: Map<number, ProxiedRequest>;
  /** Monotonic ms since when its client has waited for an answer that will not come. */
  silentSinceMs: number | undefined;
  readonly givenUpAfterMs: Promise<number>;
}

/**
 * Stands between a job and its broker, and sees each request and answer before the other side does. So a
 * test can act at an exact point of the protocol (kill the job when it asks for a commit, lose the answer)
 * without a hook in the product.
 *
 * When a job dies, what it had sent still reaches the broker, as it does in a real network.
 */
export class KafkaProxy {
  readonly port: number;
  /** Called for all that passes. */
  onPassing: (passing: Passing) => Passage = () => 'forward';
  /** Sees each answer that is forwarded, and may change its bytes. */
  onAnswerBytes: (request: ProxiedRequest, body: Buffer) => void = () => {};
  /** Slows the reading of topics down, all readers together; undefined: as fast as the broker. */
  fetchBytesPerSecond: number | undefined;
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private readonly connections = new Set<ProxiedConnection>();
  private target = { host: '', port: 0 };
  /** Monotonic ms at which the fetched bytes so far are paid for. */
  private fetchPaidUntilMs = 0;

  private constructor(server: Server, port: number) {
    this.server = server;
    this.port = port;
    server.on('connection', (client) => this.connectThrough(client));
  }

  static async listen(): Promise<KafkaProxy> {
    const server = createServer({ noDelay: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('The proxy has no port.');
    return new KafkaProxy(server, address.port);
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** `host:port` of the broker, which must advertise the proxy. */
  forwardTo(address: string): void {
    const [host = '', port = ''] = address.split(':');
    this.target = { host, port: Number(port) };
  }

  /**
   * From now on nothing comes through the connections that there are, in neither direction, and nobody is told:
   * as when a router forgets them. New ones are well. Gives for each how long its client waited for an answer
   * before it gave the connection up, in ms; 0 where it asked for none.
   */
  loseConnections(): readonly Promise<number>[] {
    return [...this.connections].map((connection) => {
      connection.isLost = true;
      if (connection.awaited.size > 0) connection.silentSinceMs = performance.now();
      return connection.givenUpAfterMs;
    });
  }

  async close(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  private connectThrough(client: Socket): void {
    const broker = connect({ ...this.target, noDelay: true });
    const awaited = new Map<number, ProxiedRequest>();
    const connection: ProxiedConnection = {
      isLost: false,
      awaited,
      silentSinceMs: undefined,
      givenUpAfterMs: new Promise((resolve) => {
        client.on('close', () => {
          const nowMs = performance.now();
          resolve(nowMs - (connection.silentSinceMs ?? nowMs));
        });
      }),
    };
    this.connections.add(connection);
    let isClientGone = false;
    const endWhenAnswered = (): void => {
      if (isClientGone && awaited.size === 0) broker.end();
    };
    const requests = new KafkaFrames((frame) => {
      const request = readRequest(frame);
      if (this.onPassing({ part: 'request', request }) === 'swallow') return;
      awaited.set(request.correlationId, request);
      broker.write(frame.bytes);
    });
    const answers = new KafkaFrames((frame) => {
      const correlationId = frame.body.readInt32BE(0);
      const request = awaited.get(correlationId);
      awaited.delete(correlationId);
      if (request !== undefined && this.onPassing({ part: 'answer', request }) === 'forward') {
        this.deliver(request, frame, client);
      }
      endWhenAnswered();
    });
    client.on('data', (chunk) => {
      if (!connection.isLost) requests.push(chunk);
      else connection.silentSinceMs ??= performance.now();
    });
    broker.on('data', (chunk) => {
      if (!connection.isLost) answers.push(chunk);
    });
    client.on('close', () => {
      this.connections.delete(connection);
      isClientGone = true;
      if (connection.isLost) broker.destroy();
      else endWhenAnswered();
    });
    broker.on('close', () => {
      if (!connection.isLost) client.destroy();
    });
    for (const socket of [client, broker]) this.watch(socket);
  }

  private watch(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket));
    // The close that follows says it all.
    socket.on('error', () => {});
  }

  private deliver(request: ProxiedRequest, frame: KafkaFrame, client: Socket): void {
    const delayMs = request.api === 'Fetch' ? this.payForFetch(frame.bytes.length) : 0;
    this.onAnswerBytes(request, frame.body);
    const write = (): void => {
      if (!client.destroyed) client.write(frame.bytes);
    };
    if (delayMs === 0) write();
    else setTimeout(write, delayMs);
  }

  private payForFetch(byteLength: number): number {
    if (this.fetchBytesPerSecond === undefined) return 0;
    const nowMs = performance.now();
    const costMs = (1_000 * byteLength) / this.fetchBytesPerSecond;
    this.fetchPaidUntilMs = Math.max(this.fetchPaidUntilMs, nowMs) + costMs;
    return this.fetchPaidUntilMs - nowMs;
  }
}
