import { fileURLToPath } from 'node:url';
import { type KafkaSasl, type OAuthTokens, saslMechanisms } from '../kafka-security.js';
import { type JaasConfig, parseJaasConfig } from './jaas-config.js';
import type { PropertyReader } from './property-reader.js';
import type { Secret } from './secret.js';

const jaasName = 'sasl.jaas.config';

/** The credentials, as `sasl.mechanism` and `sasl.jaas.config` give them. Undefined where a mistake was noted. */
export function readSasl(properties: PropertyReader): KafkaSasl | undefined {
  // Kafka's default is Kerberos, which is not supported: so this one must be given.
  if (!properties.has('sasl.mechanism'))
    properties.mistake('sasl.mechanism', `is missing: give ${saslMechanisms.join(', ')}`);
  const mechanism = properties.oneOf('sasl.mechanism', saslMechanisms);
  const jaas = readJaas(properties, mechanism);
  if (mechanism !== undefined && mechanism !== 'OAUTHBEARER')
    properties.refuseAll('sasl.oauthbearer.', `means nothing with sasl.mechanism=${mechanism}`);
  switch (mechanism) {
    case undefined:
      return undefined;
    case 'PLAIN':
    case 'SCRAM-SHA-256':
    case 'SCRAM-SHA-512': {
      if (jaas === undefined) return undefined;
      const username = jaas.options.get('username');
      const password = jaas.options.get('password');
      if (username !== undefined && password !== undefined)
        return { mechanism, username: username.reveal(), password };
      properties.mistake(jaasName, `names no ${username === undefined ? 'username' : 'password'}`);
      return undefined;
    }
    case 'OAUTHBEARER': {
      const tokens = readTokens(properties, jaas?.options ?? new Map());
      return tokens === undefined ? undefined : { mechanism, tokens };
    }
    default:
      return mechanism satisfies never;
  }
}

const loginModules: Readonly<Record<KafkaSasl['mechanism'], string>> = {
  PLAIN: 'org.apache.kafka.common.security.plain.PlainLoginModule',
  'SCRAM-SHA-256': 'org.apache.kafka.common.security.scram.ScramLoginModule',
  'SCRAM-SHA-512': 'org.apache.kafka.common.security.scram.ScramLoginModule',
  OAUTHBEARER: 'org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule',
};

function readJaas(
  properties: PropertyReader,
  mechanism: KafkaSasl['mechanism'] | undefined,
): JaasConfig | undefined {
  const module = loginModules[mechanism ?? 'PLAIN'];
  const form = `give ${module} required username="…" password="…";`;
  if (!properties.has(jaasName)) {
    if (mechanism !== 'OAUTHBEARER') properties.mistake(jaasName, `is missing: ${form}`);
    return undefined;
  }
  const text = properties.secret(jaasName);
  if (text === undefined) return undefined;
  const jaas = parseJaasConfig(text.reveal());
  if (jaas === undefined) {
    properties.mistake(jaasName, `can't be read: ${form} (with the semicolon)`);
    return undefined;
  }
  if (mechanism === undefined || module.endsWith(`.${jaas.loginModule}`)) return jaas;
  properties.mistake(jaasName, `does not fit sasl.mechanism=${mechanism}, which needs ${module}`);
  return undefined;
}

const extensionPrefix = 'extension_';
/** Kafka's default for `unsecuredLoginLifetimeSeconds`. */
const unsecuredLifetimeSeconds = 3_600;

/** Of Kafka's two ways to give the client's credentials, the settings win over the options of the JAAS text. */
function readTokens(
  properties: PropertyReader,
  options: ReadonlyMap<string, Secret>,
): OAuthTokens | undefined {
  const option = (name: string): string | undefined => options.get(name)?.reveal();
  const extensions = Object.fromEntries(
    [...options]
      .filter(([name]) => name.startsWith(extensionPrefix))
      .map(([name, value]) => [name.slice(extensionPrefix.length), value.reveal()]),
  );
  const endpoint = readEndpoint(properties);
  const clientId = properties.text('sasl.oauthbearer.client.credentials.client.id') ?? option('clientId');
  const clientSecret =
    properties.secret('sasl.oauthbearer.client.credentials.client.secret') ?? options.get('clientSecret');
  const scope = properties.text('sasl.oauthbearer.scope') ?? option('scope');
  if (endpoint === undefined) {
    const principal = option('unsecuredLoginStringClaim_sub');
    if (principal !== undefined) {
      const lifetimeSeconds = Number(option('unsecuredLoginLifetimeSeconds') ?? unsecuredLifetimeSeconds);
      if (lifetimeSeconds > 0)
        return { kind: 'unsecured', principal, lifetimeMs: lifetimeSeconds * 1_000, extensions };
      properties.mistake(jaasName, 'has an unsecuredLoginLifetimeSeconds that is no number above 0');
    } else if (!properties.has(endpointName)) {
      properties.mistake(endpointName, 'is missing: give the URL that gives out tokens');
    }
    return undefined;
  }
  if (endpoint.protocol === 'file:') return { kind: 'file', path: fileURLToPath(endpoint), extensions };
  if (clientId === undefined || clientSecret === undefined) {
    properties.mistake(
      endpointName,
      'is given without credentials: give clientId and clientSecret in sasl.jaas.config',
    );
    return undefined;
  }
  return { kind: 'endpoint', url: endpoint.href, clientId, clientSecret, scope, extensions };
}

const endpointName = 'sasl.oauthbearer.token.endpoint.url';

function readEndpoint(properties: PropertyReader): URL | undefined {
  const text = properties.text(endpointName);
  if (text === undefined) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && ['https:', 'http:', 'file:'].includes(url.protocol)) return url;
  properties.mistake(endpointName, 'is no URL that begins with https://, http:// or file://');
  return undefined;
}
