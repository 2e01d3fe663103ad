import { Secret } from '../settings/secret.js';
import type { OAuthToken } from './oauth-token-provider.js';

/** An unsigned JSON Web Token (RFC 7515, appendix A.5), as Kafka's OAUTHBEARER takes it where nothing else is set up. */
export function unsecuredToken(principal: string, issuedAtMs: number, expiresAtMs: number): OAuthToken {
  const part = (json: object): string => Buffer.from(JSON.stringify(json)).toString('base64url');
  const claims = { sub: principal, iat: issuedAtMs / 1_000, exp: expiresAtMs / 1_000 };
  return { text: new Secret(`${part({ alg: 'none' })}.${part(claims)}.`), expiresAtMs };
}

/** Epoch ms of a token's `exp` claim; undefined where it has none, or is no JSON Web Token. */
export function expiryOf(token: string): number | undefined {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
    const seconds = (claims as { readonly exp?: unknown } | null)?.exp;
    return typeof seconds === 'number' ? seconds * 1_000 : undefined;
  } catch {
    return undefined;
  }
}
