import { createSign } from 'node:crypto';
import { saslUser } from '../kafka-broker/kafka-broker.js';
import { type SecuredBroker, tokenAudience, tokenKeyId } from '../kafka-broker/secured-broker.js';
import { TokenEndpoint } from '../kafka-broker/token-endpoint.js';

/** Settings under Kafka's names. */
export type Properties = Readonly<Record<string, string>>;

export interface User {
  readonly username: string;
  readonly password: string;
}

export const clientSecret = 'client-secret-of-test';

const modules = 'org.apache.kafka.common.security';

/** `sasl.mechanism` and `sasl.jaas.config` of a user with a password. */
export function credentials(mechanism: string, { username, password }: User): Properties {
  const module = mechanism === 'PLAIN' ? 'plain.PlainLoginModule' : 'scram.ScramLoginModule';
  return {
    'sasl.mechanism': mechanism,
    'sasl.jaas.config': `${modules}.${module} required username="${username}" password="${password}";`,
  };
}

/** The same of one who is known by tokens. */
export function oauth(options: string): Properties {
  return {
    'sasl.mechanism': 'OAUTHBEARER',
    'sasl.jaas.config': `${modules}.oauthbearer.OAuthBearerLoginModule required ${options};`,
  };
}

/** The ways into a secured broker, as settings. */
export class SecuredAccess {
  /** Seconds that a token lives. */
  tokenLife = 3_600;
  private readonly secured: SecuredBroker;
  private endpoint: TokenEndpoint | undefined;

  constructor(secured: SecuredBroker) {
    this.secured = secured;
  }

  /** An identity provider that knows one client, `alice`. */
  async serveTokens(): Promise<TokenEndpoint> {
    const known = `Basic ${Buffer.from(`${saslUser.username}:${clientSecret}`).toString('base64')}`;
    this.endpoint = await TokenEndpoint.listen(({ authorization }) =>
      authorization === known
        ? { status: 200, answer: { access_token: this.signedToken(), expires_in: this.tokenLife } }
        : { status: 401, answer: { error: 'invalid_client' } },
    );
    return this.endpoint;
  }

  tls(): Properties {
    return {
      'security.protocol': 'SSL',
      'ssl.truststore.type': 'PEM',
      'ssl.truststore.location': this.secured.certificates.authority,
    };
  }

  sasl(ofMechanism: Properties): Properties {
    return { ...this.tls(), 'security.protocol': 'SASL_SSL', ...ofMechanism };
  }

  tokens(secret: string): Properties {
    return {
      ...this.sasl(oauth(`clientId="${saslUser.username}" clientSecret="${secret}"`)),
      'sasl.oauthbearer.token.endpoint.url': this.endpoint?.url ?? '',
    };
  }

  private signedToken(): string {
    const part = (json: object): string => Buffer.from(JSON.stringify(json)).toString('base64url');
    const iat = Math.floor(Date.now() / 1_000);
    const claims = {
      iss: 'test',
      sub: saslUser.username,
      aud: tokenAudience,
      iat,
      exp: iat + this.tokenLife,
    };
    const text = `${part({ alg: 'RS256', kid: tokenKeyId })}.${part(claims)}`;
    return `${text}.${createSign('RSA-SHA256').update(text).sign(this.secured.tokenKey, 'base64url')}`;
  }
}
