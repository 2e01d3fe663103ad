import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { MillraceError } from '../protocol/failures.js';
import type { Metric } from './metric.js';
import { prometheusText } from './prometheus-text.js';

export interface PrometheusEndpointOptions {
  /** 0 takes any free port. */
  readonly port: number;
  readonly jobName: string;
  /** Asked at each scrape. */
  readonly metrics: () => readonly Metric[];
}

/** `GET /metrics`, on all of the machine's addresses, for Prometheus to scrape. */
export class PrometheusEndpoint {
  readonly port: number;
  private readonly server: Server;

  private constructor(server: Server) {
    this.server = server;
    this.port = (server.address() as AddressInfo).port;
  }

  /** @throws MillraceError when the port can't be had. */
  static async start(options: PrometheusEndpointOptions): Promise<PrometheusEndpoint> {
    const server = createServer((request, response) => {
      if (request.method !== 'GET' || request.url?.split('?')[0] !== '/metrics') {
        response.writeHead(404).end('There is only GET /metrics.\n');
        return;
      }
      prometheusText(options.jobName, options.metrics()).then(
        ({ contentType, text }) => response.writeHead(200, { 'Content-Type': contentType }).end(text),
        (error: unknown) => response.writeHead(500).end(`${String(error)}\n`),
      );
    });
    try {
      server.listen(options.port);
      await once(server, 'listening');
    } catch (error) {
      throw new MillraceError(
        `The metrics can't be served at port ${options.port}: ${error instanceof Error ? error.message : String(error)}. Give --metrics-port a port that is free.`,
        { domain: 'outside-system', action: 'fail-job', cause: error },
      );
    }
    return new PrometheusEndpoint(server);
  }

  /** Ends the connections of scrapers, too: they would keep the process alive. */
  async close(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    this.server.closeAllConnections();
    await closed;
  }
}
