import type { AuthenticationProvider } from 'kafkajs/src/broker/saslAuthenticator/scram256.js';
import { LogError } from '../../log-port.js';
import type { OAuthTokenProvider } from '../oauth/oauth-token-provider.js';

/**
 * The client's part of OAUTHBEARER (RFC 7628, section 3). Kafkajs has one, too, but takes a refusal for a
 * success: the broker answers a token that it does not take with the reason as the next message, and only
 * calls it an error once the client has answered that in turn.
 */
export function oauthBearerAuthentication(tokens: OAuthTokenProvider): AuthenticationProvider {
  return ({ host, port, saslAuthenticate }) => ({
    authenticate: async () => {
      const token = (await tokens.token()).reveal();
      const extensions = Object.entries(tokens.extensions).map(([name, value]) => `${name}=${value}\x01`);
      const first = `n,,\x01auth=Bearer ${token}\x01${extensions.join('')}\x01`;
      const refusal = await exchange(first);
      if (refusal === '') return;
      // The broker's own words for it come as an error; without one, its reason will have to do.
      await exchange('\x01').catch(() => {});
      throw new LogError(
        'unauthorized',
        `The broker at ${host}:${port} refused the token: ${refusal}. ` +
          'Check the settings sasl.oauthbearer.token.endpoint.url and sasl.jaas.config, and the scope and audience that the broker expects.',
      );

      function exchange(message: string): Promise<string> {
        return saslAuthenticate({
          request: { encode: async () => sized(message) },
          response: {
            decode: async (answer) => answer.subarray(sizeBytes).toString('utf8'),
            parse: async (text) => text,
          },
        });
      }
    },
  });
}

const sizeBytes = 4;

/** Kafkajs takes and gives the messages with their size in front. */
function sized(message: string): Buffer {
  const bytes = Buffer.from(message, 'utf8');
  const size = Buffer.alloc(sizeBytes);
  size.writeInt32BE(bytes.length);
  return Buffer.concat([size, bytes]);
}
