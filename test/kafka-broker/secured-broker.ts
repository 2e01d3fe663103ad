import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePortNumbers } from './broker-properties.js';
import { type Certificates, makeCertificates } from './certificates.js';
import { type KafkaBroker, startKafkaBroker } from './kafka-broker.js';
import { saslUser } from './sasl-user.js';

/** A broker with a listener for each way of getting in, and with access control. */
export interface SecuredBroker {
  readonly broker: KafkaBroker;
  readonly certificates: Certificates;
  /** `localhost:port` of each listener. */
  readonly listeners: Readonly<Record<ListenerName, string>>;
  /** What tokens for the listener OAUTH are signed with. */
  readonly tokenKey: KeyObject;
  /** For files of the test. */
  readonly folder: string;
  stop(): Promise<void>;
}

/** SASL takes PLAIN and SCRAM, OAUTH signed tokens, UNSECURED unsigned ones; MUTUAL wants the client's certificate. */
export type ListenerName = keyof typeof protocols;

const protocols = {
  TLS: 'SSL',
  MUTUAL: 'SSL',
  SASL: 'SASL_SSL',
  OAUTH: 'SASL_SSL',
  UNSECURED: 'SASL_SSL',
} as const;

/** May do nothing but what a test grants. */
export const restrictedUser = { username: 'bob', password: 'bob-secret' } as const;

/** What the listener OAUTH wants tokens to be for. */
export const tokenAudience = 'kafka-for-tests';
export const tokenKeyId = 'key-1';
/** Sessions end so soon: clients must authenticate again and again. */
export const sessionMs = 3_000;

export async function startSecuredBroker(): Promise<SecuredBroker> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-secured-'));
  const certificates = await makeCertificates(folder);
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const keySet = join(folder, 'jwks.json');
  const key = { ...publicKey.export({ format: 'jwk' }), kid: tokenKeyId, use: 'sig', alg: 'RS256' };
  await writeFile(keySet, JSON.stringify({ keys: [key] }));
  const ports = await freePortNumbers(Object.keys(protocols).length);
  const names = Object.keys(protocols) as ListenerName[];
  const addresses = names.map((name, i) => [name, `localhost:${ports[i]}`] as const);
  const listeners = Object.fromEntries(addresses) as Record<ListenerName, string>;
  const broker = await startKafkaBroker({
    listeners: addresses.map(([name, address]) => ({ name, address, protocol: protocols[name] })),
    properties: securityProperties(certificates, `file://${keySet}`),
    jvmOptions: [`-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls=file://${keySet}`],
  });
  return {
    broker,
    certificates,
    listeners,
    tokenKey: privateKey,
    folder,
    stop: async () => {
      await broker.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function securityProperties(certificates: Certificates, keySetUrl: string): Record<string, string> {
  const users = [saslUser, restrictedUser].map(({ username, password }) => `user_${username}="${password}"`);
  const modules = 'org.apache.kafka.common.security';
  const oauthLogin = `${modules}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";`;
  const sessions = Object.fromEntries(
    ['oauth', 'unsecured'].map((name) => [
      `listener.name.${name}.oauthbearer.connections.max.reauth.ms`,
      String(sessionMs),
    ]),
  );
  return {
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': certificates.broker,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': certificates.authority,
    'listener.name.mutual.ssl.client.auth': 'required',
    'listener.name.sasl.sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
    'listener.name.sasl.plain.sasl.jaas.config': `${modules}.plain.PlainLoginModule required ${users.join(' ')};`,
    'listener.name.sasl.scram-sha-256.sasl.jaas.config': `${modules}.scram.ScramLoginModule required;`,
    'listener.name.sasl.scram-sha-512.sasl.jaas.config': `${modules}.scram.ScramLoginModule required;`,
    'listener.name.oauth.sasl.enabled.mechanisms': 'OAUTHBEARER',
    'listener.name.oauth.oauthbearer.sasl.jaas.config': oauthLogin,
    'listener.name.oauth.oauthbearer.sasl.server.callback.handler.class': `${modules}.oauthbearer.OAuthBearerValidatorCallbackHandler`,
    'listener.name.oauth.oauthbearer.sasl.oauthbearer.jwks.endpoint.url': keySetUrl,
    'listener.name.oauth.oauthbearer.sasl.oauthbearer.expected.audience': tokenAudience,
    'listener.name.unsecured.sasl.enabled.mechanisms': 'OAUTHBEARER',
    'listener.name.unsecured.oauthbearer.sasl.jaas.config': oauthLogin,
    ...sessions,
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'super.users': ['ANONYMOUS', saslUser.username, 'CN=client'].map((name) => `User:${name}`).join(';'),
  };
}
