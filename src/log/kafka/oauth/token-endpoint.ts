import { LogError } from '../../log-port.js';
import type { OAuthTokens } from '../kafka-security.js';
import { Secret } from '../settings/secret.js';
import type { OAuthToken } from './oauth-token-provider.js';
import { expiryOf } from './web-token.js';

/** A connection waits for it. An endpoint answers within a second, or is not well; then the connection is tried again. */
const tokenTimeoutMs = 10_000;

/**
 * Asks for a token with the client's credentials (RFC 6749, section 4.4), in the Authorization header.
 * @throws LogError `unauthorized` where they are refused; another Error when the endpoint does not answer, or not well.
 */
export async function requestToken(
  endpoint: Extract<OAuthTokens, { readonly kind: 'endpoint' }>,
  nowMs: number,
): Promise<OAuthToken> {
  const { url, clientId, clientSecret, scope } = endpoint;
  const where = `the token endpoint ${withoutCredentials(url)}`;
  const body = new URLSearchParams({ grant_type: 'client_credentials' });
  if (scope !== undefined) body.set('scope', scope);
  const response = await fetch(url, {
    method: 'POST',
    body,
    headers: {
      authorization: `Basic ${Buffer.from(`${formEncoded(clientId)}:${formEncoded(clientSecret.reveal())}`).toString('base64')}`,
      accept: 'application/json',
    },
    signal: AbortSignal.timeout(tokenTimeoutMs),
  }).catch((error: unknown) => {
    throw new Error(`${where} does not answer (${reasonOf(error)})`, { cause: error });
  });
  const answer = answerOf(await response.text());
  if (response.status >= 400 && response.status < 500 && response.status !== 429) {
    const reason = [answer.error, answer.error_description].filter((text) => typeof text === 'string');
    throw new LogError(
      'unauthorized',
      `No token from ${where}: it answered ${response.status} ${reason.join(', ')}. ` +
        'Check sasl.oauthbearer.token.endpoint.url, and clientId, clientSecret and scope in sasl.jaas.config.',
    );
  }
  if (!response.ok) throw new Error(`${where} answered ${response.status}`);
  const { access_token: text, expires_in: seconds } = answer;
  if (typeof text !== 'string') throw new Error(`${where} gave no access_token`);
  const expiresAtMs = typeof seconds === 'number' ? nowMs + seconds * 1_000 : expiryOf(text);
  return { text: new Secret(text), expiresAtMs };
}

interface TokenAnswer {
  readonly access_token?: unknown;
  readonly expires_in?: unknown;
  readonly error?: unknown;
  readonly error_description?: unknown;
}

function answerOf(text: string): TokenAnswer {
  try {
    const answer: unknown = JSON.parse(text);
    return typeof answer === 'object' && answer !== null ? answer : {};
  } catch {
    return {};
  }
}

/** RFC 6749, section 2.3.1: both are encoded like a form's before they are put together. */
function formEncoded(text: string): string {
  return new URLSearchParams({ x: text }).toString().slice('x='.length);
}

function withoutCredentials(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}

/** Node's `fetch` tells in the cause what failed. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
