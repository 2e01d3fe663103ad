import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { text } from 'node:stream/consumers';

export interface TokenRequest {
  readonly authorization: string | undefined;
  readonly form: Readonly<Record<string, string>>;
}

export interface TokenAnswer {
  readonly status: number;
  /** Sent as JSON. */
  readonly answer: object;
}

/** An OAuth server as far as a client with credentials sees it. */
export class TokenEndpoint {
  readonly requests: TokenRequest[] = [];
  readonly url: string;
  private readonly server: Server;

  private constructor(server: Server, port: number) {
    this.server = server;
    this.url = `http://localhost:${port}/token`;
  }

  static async listen(answerTo: (request: TokenRequest) => TokenAnswer): Promise<TokenEndpoint> {
    const server = createServer((incoming, response) => {
      void readRequest(incoming).then((request) => {
        endpoint.requests.push(request);
        const { status, answer } = answerTo(request);
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
      });
    });
    server.listen(0, 'localhost');
    await once(server, 'listening');
    const address = server.address();
    const endpoint = new TokenEndpoint(server, typeof address === 'object' ? (address?.port ?? 0) : 0);
    return endpoint;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}

async function readRequest(incoming: IncomingMessage): Promise<TokenRequest> {
  const { authorization } = incoming.headers;
  return { authorization, form: Object.fromEntries(new URLSearchParams(await text(incoming))) };
}
