import { readFile } from 'node:fs/promises';
import type { Clock } from '../../../host/clock.js';
import { LogError } from '../../log-port.js';
import type { OAuthTokens } from '../kafka-security.js';
import { Secret } from '../settings/secret.js';
import { requestToken } from './token-endpoint.js';
import { expiryOf, unsecuredToken } from './web-token.js';

export interface OAuthToken {
  readonly text: Secret;
  /** Epoch ms; undefined where the token does not say. */
  readonly expiresAtMs: number | undefined;
}

/**
 * The tokens of one client. A connection authenticates when it is opened and again before its session ends; all
 * of them share a token, until it is too old to be given to a session that is to last.
 */
export class OAuthTokenProvider {
  private readonly tokens: OAuthTokens;
  private readonly clock: Clock;
  private current: { readonly token: OAuthToken; readonly useUntilMs: number } | undefined;
  private fetching: Promise<OAuthToken> | undefined;

  constructor(tokens: OAuthTokens, clock: Clock) {
    this.tokens = tokens;
    this.clock = clock;
  }

  get extensions(): Readonly<Record<string, string>> {
    return this.tokens.extensions;
  }

  /** @throws LogError `unauthorized` where none is given to these credentials; another Error is worth another try. */
  async token(): Promise<Secret> {
    const { current } = this;
    if (current !== undefined && this.clock.epochMs() < current.useUntilMs) return current.token.text;
    this.fetching ??= this.renew().finally(() => {
      this.fetching = undefined;
    });
    return (await this.fetching).text;
  }

  private async renew(): Promise<OAuthToken> {
    const nowMs = this.clock.epochMs();
    const token = await this.fetch(nowMs);
    this.current = { token, useUntilMs: useUntil(token, nowMs) };
    return token;
  }

  private async fetch(nowMs: number): Promise<OAuthToken> {
    const { tokens } = this;
    switch (tokens.kind) {
      case 'endpoint':
        return requestToken(tokens, nowMs);
      case 'file': {
        const text = (await readTokenFile(tokens.path)).trim();
        return { text: new Secret(text), expiresAtMs: expiryOf(text) };
      }
      case 'unsecured':
        return unsecuredToken(tokens.principal, nowMs, nowMs + tokens.lifetimeMs);
      default:
        return tokens satisfies never;
    }
  }
}

/** As Kafka's `sasl.login.refresh.window.factor`: a token is renewed after this part of its life. */
const refreshWindowFactor = 0.8;
/** A session ends with its token: one that soon would have to be renewed at once is not begun. */
const lifeLeftMinMs = 20_000;

function useUntil({ expiresAtMs }: OAuthToken, nowMs: number): number {
  // A token that does not tell its end may end at any time.
  if (expiresAtMs === undefined) return nowMs;
  return Math.min(nowMs + (expiresAtMs - nowMs) * refreshWindowFactor, expiresAtMs - lifeLeftMinMs);
}

async function readTokenFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new LogError(
      'unauthorized',
      `The token file ${path} can't be read (${error instanceof Error ? error.message : error}). ` +
        'Correct sasl.oauthbearer.token.endpoint.url.',
      { cause: error },
    );
  }
}
