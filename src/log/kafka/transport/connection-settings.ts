import type { ConnectionOptions } from 'node:tls';
import type { AuthenticationProvider } from 'kafkajs/src/broker/saslAuthenticator/scram256.js';
import type { Clock } from '../../../host/clock.js';
import type { ResolvedKafkaConfig } from '../kafka-config.js';
import { type KafkaSsl, type SecurityProtocol, securityProtocolOf } from '../kafka-security.js';
import { saslAuthentication } from './sasl-mechanisms.js';

/** What a connection needs of the configuration, in the shapes that Node's and kafkajs's sockets take. */
export interface ConnectionSettings {
  readonly securityProtocol: SecurityProtocol;
  readonly tls: ConnectionOptions | undefined;
  /** As kafkajs takes it. */
  readonly sasl:
    | { readonly mechanism: string; readonly authenticationProvider: AuthenticationProvider }
    | undefined;
  readonly clientId: string;
  readonly connectionTimeoutMs: number;
  readonly requestTimeoutMs: number;
}

/** Once for all connections of a client, which share their tokens. */
export function connectionSettings(config: ResolvedKafkaConfig, clock: Clock): ConnectionSettings {
  const { sasl } = config;
  return {
    securityProtocol: securityProtocolOf(config),
    tls: config.ssl === undefined ? undefined : tlsOptions(config.ssl),
    sasl: sasl && { mechanism: sasl.mechanism, authenticationProvider: saslAuthentication(sasl, clock) },
    clientId: config.requests.clientId,
    connectionTimeoutMs: config.connectionTimeoutMs,
    requestTimeoutMs: config.requests.requestTimeoutMs,
  };
}

function tlsOptions({
  trustedCertificates,
  client,
  versions,
  verifiesHostName,
}: KafkaSsl): ConnectionOptions {
  return {
    ...(trustedCertificates === undefined ? {} : { ca: trustedCertificates }),
    ...(client === undefined ? {} : { cert: client.certificateChain, key: client.key.reveal() }),
    ...(client?.keyPassword === undefined ? {} : { passphrase: client.keyPassword.reveal() }),
    ...(versions === undefined ? {} : { minVersion: versions[0], maxVersion: versions[1] }),
    ...(verifiesHostName ? {} : { checkServerIdentity: () => undefined }),
  };
}
