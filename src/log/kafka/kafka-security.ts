import type { Secret } from './settings/secret.js';

/** TLS to the brokers. Certificates and keys are texts in PEM. */
export interface KafkaSsl {
  /** Whom to trust; undefined for the authorities that Node knows. */
  readonly trustedCertificates?: string | undefined;
  /** What to show to brokers that ask for it. */
  readonly client?: ClientCertificate | undefined;
  /** Versions of TLS, from the lowest to the highest; undefined for those that Node takes. */
  readonly versions?: readonly [min: TlsVersion, max: TlsVersion] | undefined;
  /** Whether a broker's certificate must be for the host name that it is reached by. */
  readonly verifiesHostName: boolean;
}

/** Kafka's and Node's name for them, the lowest first. */
export const tlsVersions = ['TLSv1.2', 'TLSv1.3'] as const;
export type TlsVersion = (typeof tlsVersions)[number];

export interface ClientCertificate {
  /** The client's own first, then those that vouch for it. */
  readonly certificateChain: string;
  readonly key: Secret;
  /** Where the key is encrypted. */
  readonly keyPassword?: Secret | undefined;
}

export type KafkaSasl =
  | {
      readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512';
      readonly username: string;
      readonly password: Secret;
    }
  | { readonly mechanism: 'OAUTHBEARER'; readonly tokens: OAuthTokens };

/** Kafka's names. */
export const saslMechanisms = [
  'PLAIN',
  'SCRAM-SHA-256',
  'SCRAM-SHA-512',
  'OAUTHBEARER',
] as const satisfies readonly KafkaSasl['mechanism'][];

/** Where a client's tokens come from. */
export type OAuthTokens = {
  /** Sent beside each token, such as Confluent Cloud's `logicalCluster`. */
  readonly extensions: Readonly<Record<string, string>>;
} & (
  | {
      /** Asked for with the client's credentials (RFC 6749, section 4.4). */
      readonly kind: 'endpoint';
      readonly url: string;
      readonly clientId: string;
      readonly clientSecret: Secret;
      readonly scope?: string | undefined;
    }
  /** A file that somebody else keeps up to date; read again for each token. */
  | { readonly kind: 'file'; readonly path: string }
  /** Unsigned tokens that say who one claims to be: for brokers of tests. */
  | { readonly kind: 'unsecured'; readonly principal: string; readonly lifetimeMs: number }
);

/** What the brokers call this combination. */
export function securityProtocolOf(security: {
  readonly ssl: KafkaSsl | undefined;
  readonly sasl: KafkaSasl | undefined;
}): SecurityProtocol {
  if (security.ssl === undefined) return security.sasl === undefined ? 'PLAINTEXT' : 'SASL_PLAINTEXT';
  return security.sasl === undefined ? 'SSL' : 'SASL_SSL';
}

/** Kafka's `security.protocol`. */
export type SecurityProtocol = (typeof securityProtocols)[number];
export const securityProtocols = ['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'] as const;
