import { LogError } from '../../log-port.js';
import type { BrokerAddress } from '../kafka-config.js';
import type { ConnectionSettings } from './connection-settings.js';
import { CredentialsRefused } from './sasl-mechanisms.js';
import { TransportError } from './transport-error.js';

/** How far a connection has come: TCP and TLS; the versions; the credentials; its first answered request. */
export type ConnectionStage = 'connecting' | 'greeting' | 'authenticating' | 'unused' | 'used';

/**
 * What a failed connection means: an error that another try would only repeat, naming the setting to change,
 * or the reason to tell while it is tried again.
 */
export function connectionRefused(
  error: unknown,
  stage: ConnectionStage,
  address: BrokerAddress,
  settings: Pick<ConnectionSettings, 'securityProtocol'>,
): LogError | string {
  if (error instanceof LogError) return error;
  const broker = `The broker at ${address.host}:${address.port}`;
  const { securityProtocol } = settings;
  if (error instanceof CredentialsRefused) {
    return new LogError(
      'unauthorized',
      `${broker} refused the credentials: ${error.message}. ` +
        'Check the user name and the password in sasl.jaas.config, and sasl.mechanism.',
      { cause: error },
    );
  }
  const code = stringField(error, 'code') ?? stringField(error, 'type');
  const refusal = code === undefined ? undefined : refusalOf(code);
  if (refusal !== undefined) {
    // OpenSSL's own messages name its source files; its codes say the same in words.
    const reason = code?.startsWith('ERR_SSL_') ? code : reasonOf(error).replace(/\.$/, '');
    return new LogError(refusal.code, `${broker} ${refusal.what} (${reason}). ${refusal.remedy}`, {
      cause: error,
    });
  }
  return `${reasonOf(error)}${protocolHint(stage, securityProtocol)}`;
}

/** Without what every error of a connection has in front: the address, or kafkajs's words. */
function reasonOf(error: unknown): string {
  if (error instanceof TransportError) return error.what;
  return error instanceof Error ? error.message.replace(/^Connection error: /, '') : String(error);
}

interface Refusal {
  readonly code: 'unauthorized' | 'invalid-configuration';
  readonly what: string;
  readonly remedy: string;
}

/** By the code of OpenSSL, Node or Kafka. */
function refusalOf(code: string): Refusal | undefined {
  if (untrusted.has(code)) {
    return {
      code: 'unauthorized',
      what: 'has a certificate that is not trusted',
      remedy:
        'Name the certificate of the authority that signed it in ssl.truststore.location (a file in PEM).',
    };
  }
  switch (code) {
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return {
        code: 'unauthorized',
        what: 'has a certificate for another host name',
        remedy:
          "Name the broker (bootstrap.servers, its advertised.listeners) as its certificate does; only where that can't be, " +
          'set ssl.endpoint.identification.algorithm to nothing.',
      };
    case 'CERT_HAS_EXPIRED':
    case 'CERT_NOT_YET_VALID':
      return {
        code: 'unauthorized',
        what: 'has a certificate that is not valid today',
        remedy: "Renew the broker's certificate.",
      };
    case 'UNSUPPORTED_SASL_MECHANISM':
      return {
        code: 'invalid-configuration',
        what: 'does not take this mechanism',
        remedy: 'Set sasl.mechanism to one of those in its sasl.enabled.mechanisms.',
      };
    case 'ILLEGAL_SASL_STATE':
      return {
        code: 'invalid-configuration',
        what: 'takes no credentials on this port',
        remedy:
          'Set security.protocol to PLAINTEXT or SSL, or take the port of a listener with SASL (bootstrap.servers).',
      };
    default:
      return tlsRefusalOf(code);
  }
}

function tlsRefusalOf(code: string): Refusal | undefined {
  // The other side talks, but no TLS.
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG') {
    return {
      code: 'invalid-configuration',
      what: 'does not speak TLS on this port',
      remedy: 'Set security.protocol to PLAINTEXT or SASL_PLAINTEXT, or take the port of its TLS listener.',
    };
  }
  if (!refusingAlert.test(code)) return undefined;
  return {
    code: 'unauthorized',
    what: 'refused the TLS connection',
    remedy:
      'Where it asks for certificates (ssl.client.auth), give one that it trusts in ssl.keystore.location (a file in PEM); else see ssl.enabled.protocols.',
  };
}

/** Alerts by which the other side says no: it wants a certificate, another one, or other versions. The rest may pass. */
const refusingAlert =
  /^ERR_SSL_\w*ALERT_(?:BAD_CERTIFICATE|CERTIFICATE_\w+|UNSUPPORTED_CERTIFICATE|NO_CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED|HANDSHAKE_FAILURE|PROTOCOL_VERSION|INSUFFICIENT_SECURITY)/;

const untrusted: ReadonlySet<string> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'INVALID_CA',
]);

/** Brokers end a connection that speaks another protocol than their port without a word. */
function protocolHint(
  stage: ConnectionStage,
  securityProtocol: ConnectionSettings['securityProtocol'],
): string {
  const isTls = securityProtocol === 'SSL' || securityProtocol === 'SASL_SSL';
  const isSasl = securityProtocol === 'SASL_PLAINTEXT' || securityProtocol === 'SASL_SSL';
  const now = `security.protocol is ${securityProtocol}`;
  switch (stage) {
    case 'connecting':
      return isTls ? `; ${now}: this port may be without TLS` : '';
    case 'greeting':
      return isTls ? '' : `; ${now}: this port may want TLS`;
    case 'unused':
      return isSasl ? '' : `; ${now}: this port may want credentials, SASL_PLAINTEXT or SASL_SSL`;
    case 'authenticating':
    case 'used':
      return '';
    default:
      return stage satisfies never;
  }
}

function stringField(error: unknown, field: 'code' | 'type'): string | undefined {
  const value =
    typeof error === 'object' && error !== null ? (error as Record<string, unknown>)[field] : undefined;
  return typeof value === 'string' ? value : undefined;
}
