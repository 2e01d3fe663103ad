import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { textHash } from '../../demo/seeded-hash.js';
import type { Clock } from '../../host/clock.js';
import { knownFactsOf } from './known-users.js';

/** The service's three resources of a user: `/users/<id>/profile`, `/visit` and `/history`. */
export type UserResource = 'profile' | 'visit' | 'history';

/** What the service does with one request. */
export type Behaviour =
  | { readonly kind: 'answer'; readonly afterMs: number }
  | { readonly kind: 'fail'; readonly status: number }
  /** Takes the request and never answers. */
  | { readonly kind: 'hang' };

/** `attempt` counts the requests for this user's resource, from 1. */
export type BehaviourOf = (resource: UserResource, userId: string, attempt: number) => Behaviour;

/**
 * A small HTTP service that knows the users, as a company has one, with its moods: it answers within some
 * milliseconds, sometimes slowly, sometimes with an error, and sometimes never.
 */
export class UserService {
  readonly url: string;
  /** Requests by `<resource>/<user>`. */
  readonly requests: ReadonlyMap<string, number>;
  private readonly server: Server;

  private constructor(server: Server, requests: ReadonlyMap<string, number>) {
    this.server = server;
    this.requests = requests;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async start(clock: Clock, behaviourOf: BehaviourOf = moodyBehaviour): Promise<UserService> {
    const requests = new Map<string, number>();
    const server = createServer((request, response) => {
      serve(request, response, { clock, behaviourOf, requests });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new UserService(server, requests);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }
}

/** Of a hundred first requests, five fail, three take long, and one is never answered; a second one goes well. */
export const moodyBehaviour: BehaviourOf = (resource, userId, attempt) => {
  const mood = textHash(`${resource} of ${userId}`);
  const afterMs = 5 + (mood % 20);
  if (attempt > 1) return { kind: 'answer', afterMs };
  const percent = (mood >>> 8) % 100;
  if (percent < 5) return { kind: 'fail', status: 503 };
  if (percent < 8) return { kind: 'answer', afterMs: 400 };
  if (percent < 9) return { kind: 'hang' };
  return { kind: 'answer', afterMs };
};

interface ServiceParts {
  readonly clock: Clock;
  readonly behaviourOf: BehaviourOf;
  readonly requests: Map<string, number>;
}

const pathPattern = /^\/users\/([\w-]+)\/(profile|visit|history)$/;

function serve(request: IncomingMessage, response: ServerResponse, parts: ServiceParts): void {
  const match = pathPattern.exec(request.url ?? '');
  if (match === null) {
    response.writeHead(404).end();
    return;
  }
  const userId = match[1]!;
  const resource = match[2] as UserResource;
  const name = `${resource}/${userId}`;
  const attempt = (parts.requests.get(name) ?? 0) + 1;
  parts.requests.set(name, attempt);
  const behaviour = parts.behaviourOf(resource, userId, attempt);
  switch (behaviour.kind) {
    case 'answer': {
      const body = JSON.stringify(knownFactsOf(userId)[resource]);
      const cancel = parts.clock.setTimer(behaviour.afterMs, () => {
        response.writeHead(200, { 'content-type': 'application/json' }).end(body);
      });
      response.on('close', cancel);
      return;
    }
    case 'fail':
      response.writeHead(behaviour.status).end();
      return;
    case 'hang':
      return;
  }
}
