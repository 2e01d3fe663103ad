import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A small HTTP service that keeps what it was sent, and answers as the test says. */
export class WebhookEndpoint {
  readonly taken: unknown[] = [];
  readonly requests: { readonly body: unknown; readonly headers: IncomingMessage['headers'] }[] = [];
  /** What the n-th request is answered, from 0; 200 where it says nothing. */
  answer: (requestIndex: number, body: unknown) => Answer | undefined = () => undefined;
  atOnceMax = 0;
  private atOnce = 0;
  private readonly server: Server;

  private constructor() {
    this.server = createServer((request, response) => {
      this.atOnce += 1;
      this.atOnceMax = Math.max(this.atOnceMax, this.atOnce);
      // It fails when its sender is gone in the midst of it.
      const handled = this.handle(request, response).catch(() => {});
      void handled.then(() => {
        this.atOnce -= 1;
      });
    });
  }

  static async start(): Promise<WebhookEndpoint> {
    const endpoint = new WebhookEndpoint();
    endpoint.server.listen(0, '127.0.0.1');
    await once(endpoint.server, 'listening');
    return endpoint;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/hook`;
  }

  get isIdle(): boolean {
    return this.atOnce === 0;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    if (!this.server.listening) return;
    this.server.close();
    await once(this.server, 'close');
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const chunk of request) text += String(chunk);
    const body: unknown = JSON.parse(text);
    const answer = this.answer(this.requests.length, body) ?? { status: 200 };
    this.requests.push({ body, headers: request.headers });
    await new Promise((resolve) => setTimeout(resolve, answer.afterMs ?? 1));
    if (answer.status === 'hang-up') {
      request.socket.destroy();
      return;
    }
    if (answer.status < 300) this.taken.push(body);
    response.writeHead(answer.status, answer.headers).end(answer.text);
  }
}

export interface Answer {
  readonly status: number | 'hang-up';
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly afterMs?: number;
}
