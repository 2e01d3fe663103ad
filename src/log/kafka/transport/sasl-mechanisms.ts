import plain from 'kafkajs/src/broker/saslAuthenticator/plain.js';
import scram256, { type AuthenticationProvider } from 'kafkajs/src/broker/saslAuthenticator/scram256.js';
import scram512 from 'kafkajs/src/broker/saslAuthenticator/scram512.js';
import type { Clock } from '../../../host/clock.js';
import type { KafkaSasl } from '../kafka-security.js';
import { OAuthTokenProvider } from '../oauth/oauth-token-provider.js';
import { oauthBearerAuthentication } from './oauth-bearer-authentication.js';

/** The client's part of the mechanism that the credentials are for. */
export function saslAuthentication(sasl: KafkaSasl, clock: Clock): AuthenticationProvider {
  switch (sasl.mechanism) {
    case 'PLAIN':
      return tellingRefusals(plain(withPassword(sasl)));
    case 'SCRAM-SHA-256':
      return tellingRefusals(scram256(withPassword(sasl)));
    case 'SCRAM-SHA-512':
      return tellingRefusals(scram512(withPassword(sasl)));
    case 'OAUTHBEARER':
      return oauthBearerAuthentication(new OAuthTokenProvider(sasl.tokens, clock));
    default:
      return sasl satisfies never;
  }
}

/** The broker, or this client of a broker that does not know the password either, does not accept the other. */
export class CredentialsRefused extends Error {
  override readonly name = 'CredentialsRefused';
}

type WithPassword = Exclude<KafkaSasl, { readonly mechanism: 'OAUTHBEARER' }>;

function withPassword({ username, password }: WithPassword): {
  readonly username: string;
  readonly password: string;
} {
  return { username, password: password.reveal() };
}

/**
 * Kafkajs calls whatever goes wrong in between, a broker that dies included, an authentication that failed.
 * Only what the broker said is one: the rest is worth another try.
 */
function tellingRefusals(provider: AuthenticationProvider): AuthenticationProvider {
  return (connection) => {
    let lost: unknown;
    const authenticator = provider({
      ...connection,
      saslAuthenticate: async (step) => {
        try {
          return await connection.saslAuthenticate(step);
        } catch (error) {
          if (!isRefusal(error)) lost = error;
          throw error;
        }
      },
    });
    return {
      authenticate: async () => {
        try {
          await authenticator.authenticate();
        } catch (error) {
          if (lost !== undefined) throw lost;
          throw new CredentialsRefused(error instanceof Error ? error.message : String(error));
        }
      },
    };
  };
}

function isRefusal(error: unknown): boolean {
  return error instanceof Error && 'type' in error && error.type === 'SASL_AUTHENTICATION_FAILED';
}
