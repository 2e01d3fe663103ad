import { execFileSync } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { kafkaConfigFrom } from '../../../../src/log/kafka/settings/kafka-config-properties.js';
import { opensslAvailable } from '../../../kafka-broker/certificates.js';

const plainModule = 'org.apache.kafka.common.security.plain.PlainLoginModule';
const plain = {
  'security.protocol': 'SASL_SSL',
  'sasl.mechanism': 'PLAIN',
  'sasl.jaas.config': `${plainModule} required username="KEY" password="hunter2";`,
};

function read(properties: Readonly<Record<string, string>>, files: Readonly<Record<string, string>> = {}) {
  const given = Object.entries(properties).map(
    ([name, value]) => [name, { value, origin: 'client.properties' }] as const,
  );
  return kafkaConfigFrom(new Map(given), ['broker:9092'], (path) => {
    const text = files[path];
    if (text === undefined) throw new Error(`${path} does not exist`);
    return text;
  });
}

/** The mistakes, a line each. */
function mistakesOf(
  properties: Readonly<Record<string, string>>,
  files: Readonly<Record<string, string>> = {},
): string[] {
  try {
    read(properties, files);
  } catch (error) {
    return (error as Error).message.split('\n- ').slice(1);
  }
  return [];
}

describe("Kafka's settings", () => {
  it('are read as Confluent Cloud hands them out, and those without a meaning here are told', () => {
    const { config, passedOver } = read({
      'bootstrap.servers': 'pkc-1.aws.confluent.cloud:9092',
      ...plain,
      'client.dns.lookup': 'use_all_dns_ips',
      'session.timeout.ms': '45000',
      acks: 'all',
      'client.id': 'ccloud-java-client',
      'schema.registry.url': 'https://psrc-1.aws.confluent.cloud',
      'basic.auth.credentials.source': 'USER_INFO',
      'basic.auth.user.info': 'KEY:hunter2',
    });
    expect(config).toMatchObject({
      clientId: 'ccloud-java-client',
      ssl: { verifiesHostName: true, trustedCertificates: undefined },
      sasl: { mechanism: 'PLAIN', username: 'KEY' },
    });
    expect(config.sasl?.mechanism === 'PLAIN' && config.sasl.password.reveal()).toBe('hunter2');
    expect(passedOver).toEqual([
      'client.dns.lookup',
      'session.timeout.ms',
      'schema.registry.url',
      'basic.auth.credentials.source',
      'basic.auth.user.info',
    ]);
  });

  it('tune the client', () => {
    const { config } = read({
      'fetch.min.bytes': '1000',
      'fetch.max.wait.ms': '0',
      'linger.ms': '20',
      'compression.type': 'ZSTD',
      retries: '3',
    });
    expect(config).toMatchObject({
      fetchMinBytes: 1000,
      fetchMaxWaitMs: 0,
      lingerMs: 20,
      compression: 'zstd',
      retries: 3,
    });
  });

  it('that are wrong are named all at once, with where they were given', () => {
    expect(
      mistakesOf({
        'fetch.min.bytes': 'many',
        'linger.ms': '-1',
        'compression.type': 'brotli',
        'retry.backoff.ms': '200',
        'retry.backoff.max.ms': '100',
        'client.id': ' ',
        acks: '1',
        'fecth.max.bytes': '1',
        'group.id': 'g',
        'sasl.username': 'KEY',
      }),
    ).toEqual([
      'client.id (client.properties) is empty',
      'retry.backoff.ms (client.properties) is above retry.backoff.max.ms',
      'fetch.min.bytes (client.properties) is "many": give a whole number from 1 to 2147483647',
      'compression.type (client.properties) is "brotli": give none, gzip, snappy, lz4, zstd',
      'linger.ms (client.properties) is "-1": give a whole number from 0 to 2147483647',
      'sasl.username (client.properties) means nothing with security.protocol=PLAINTEXT: give security.protocol=SASL_SSL',
      'acks (client.properties) is "1": give all, -1',
      'fecth.max.bytes (client.properties) is no setting of Kafka that Millrace knows: correct its name, or leave it out',
      'group.id (client.properties) is not given here: it is an option of kafkaSource, groupId',
    ]);
  });

  it.each<[string, Readonly<Record<string, string>>, RegExp]>([
    ['no mechanism', { ...plain, 'sasl.mechanism': '' }, /^sasl\.mechanism .*is empty/],
    ['Kerberos', { ...plain, 'sasl.mechanism': 'GSSAPI' }, /^sasl\.mechanism .*give PLAIN, SCRAM-SHA-256/],
    [
      'no login',
      { 'security.protocol': 'SASL_SSL', 'sasl.mechanism': 'PLAIN' },
      /^sasl\.jaas\.config is missing: give .*PlainLoginModule/,
    ],
    [
      'a login without its end',
      { ...plain, 'sasl.jaas.config': `${plainModule} required password="hunter2"` },
      /^sasl\.jaas\.config .*can't be read.*semicolon/,
    ],
    [
      'a login without a user',
      { ...plain, 'sasl.jaas.config': `${plainModule} required password="hunter2";` },
      /^sasl\.jaas\.config .*names no username/,
    ],
    [
      'a login of another mechanism',
      { ...plain, 'sasl.mechanism': 'SCRAM-SHA-512' },
      /^sasl\.jaas\.config .*does not fit sasl\.mechanism=SCRAM-SHA-512, which needs .*ScramLoginModule/,
    ],
    [
      'credentials over a plain protocol',
      { ...plain, 'security.protocol': 'PLAINTEXT' },
      /^sasl\.mechanism .*means nothing with security\.protocol=PLAINTEXT: .*\(and so for sasl\.jaas\.config\)/,
    ],
    [
      'an unknown protocol',
      { 'security.protocol': 'TLS' },
      /^security\.protocol .*is "TLS": give PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL/,
    ],
    [
      'a Java key store',
      { 'security.protocol': 'SSL', 'ssl.truststore.type': 'JKS', 'ssl.truststore.password': 'hunter2' },
      /^ssl\.truststore\.type .*"JKS", which is not supported: convert it to PEM/,
    ],
    [
      'a trust store that is missing',
      { 'security.protocol': 'SSL', 'ssl.truststore.location': '/ca.pem' },
      /^ssl\.truststore\.location .*\/ca\.pem does not exist/,
    ],
    [
      'no URL',
      {
        'security.protocol': 'SASL_SSL',
        'sasl.mechanism': 'OAUTHBEARER',
        'sasl.oauthbearer.token.endpoint.url': 'tokens',
      },
      /^sasl\.oauthbearer\.token\.endpoint\.url .*is no URL/,
    ],
    [
      'an endpoint for tokens that nobody asks for',
      { ...plain, 'sasl.oauthbearer.token.endpoint.url': 'https://x/token' },
      /^sasl\.oauthbearer\.token\.endpoint\.url .*means nothing with sasl\.mechanism=PLAIN/,
    ],
    [
      'no credentials for tokens',
      {
        'security.protocol': 'SASL_SSL',
        'sasl.mechanism': 'OAUTHBEARER',
        'sasl.oauthbearer.token.endpoint.url': 'https://x/token',
      },
      /given without credentials/,
    ],
  ])('of security with %s are one clear mistake', (_, properties, mistake) => {
    const mistakes = mistakesOf(properties);
    expect(mistakes).toHaveLength(1);
    expect(mistakes[0]).toMatch(mistake);
    expect(mistakes[0]).not.toContain('hunter2');
  });

  it('take tokens from an endpoint, a file, or nobody', () => {
    const module = 'org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule';
    const oauth = { 'security.protocol': 'SASL_SSL', 'sasl.mechanism': 'OAUTHBEARER' };
    const url = 'sasl.oauthbearer.token.endpoint.url';
    const tokensOf = (properties: Readonly<Record<string, string>>): unknown => {
      const { sasl } = read({ ...oauth, ...properties }).config;
      return sasl?.mechanism === 'OAUTHBEARER' ? sasl.tokens : undefined;
    };
    const login = `${module} required clientId="id" clientSecret="s" scope="kafka" extension_logicalCluster="lkc-1";`;
    expect(tokensOf({ [url]: 'https://idp/token', 'sasl.jaas.config': login })).toMatchObject({
      kind: 'endpoint',
      url: 'https://idp/token',
      clientId: 'id',
      scope: 'kafka',
      extensions: { logicalCluster: 'lkc-1' },
    });
    expect(tokensOf({ [url]: 'file:///run/a%20token' })).toMatchObject({
      kind: 'file',
      path: '/run/a token',
    });
    const unsecured = `${module} required unsecuredLoginStringClaim_sub="alice" unsecuredLoginLifetimeSeconds=60;`;
    expect(tokensOf({ 'sasl.jaas.config': unsecured })).toMatchObject({
      kind: 'unsecured',
      principal: 'alice',
      lifetimeMs: 60_000,
    });
  });
});

describe.runIf(opensslAvailable())('Certificates', () => {
  let pem: string;
  let other: string;
  beforeAll(() => {
    pem = selfSigned();
    other = selfSigned();
  });

  /** A key and its certificate. */
  function selfSigned(): string {
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', '-'];
    return execFileSync('openssl', ['req', '-x509', ...key, '-subj', '/CN=x', '-days', '2'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  }

  const ssl = { 'security.protocol': 'SSL' };

  it('are taken from files in PEM, and as texts', () => {
    const files = { '/ca.pem': pem, '/client.pem': pem };
    const { config } = read(
      { ...ssl, 'ssl.truststore.location': '/ca.pem', 'ssl.keystore.location': '/client.pem' },
      files,
    );
    expect(config.ssl?.trustedCertificates).toBe(pem);
    expect(config.ssl?.client?.key.reveal()).toBe(pem);
    const texts = { ...ssl, 'ssl.truststore.certificates': pem, 'ssl.endpoint.identification.algorithm': '' };
    expect(read(texts).config.ssl).toMatchObject({
      trustedCertificates: pem.trim(),
      verifiesHostName: false,
    });
  });

  it('may have an encrypted key', () => {
    const encrypted = createPrivateKey(pem).export({
      type: 'pkcs8',
      format: 'pem',
      cipher: 'aes-256-cbc',
      passphrase: 'hunter2',
    });
    const keystore = { ...ssl, 'ssl.keystore.key': String(encrypted), 'ssl.keystore.certificate.chain': pem };
    expect(read({ ...keystore, 'ssl.key.password': 'hunter2' }).config.ssl?.client).toBeDefined();
    for (const properties of [keystore, { ...keystore, 'ssl.key.password': 'wrong' }])
      expect(mistakesOf(properties)).toEqual([expect.stringContaining('for an encrypted one give')]);
  });

  it('are asked for by versions of TLS', () => {
    const versionsOf = (enabled: string): unknown =>
      read({ ...ssl, 'ssl.enabled.protocols': enabled }).config.ssl?.versions;
    expect(versionsOf('TLSv1.3, TLSv1.2')).toEqual(['TLSv1.2', 'TLSv1.3']);
    expect(versionsOf('TLSv1.3')).toEqual(['TLSv1.3', 'TLSv1.3']);
    expect(mistakesOf({ ...ssl, 'ssl.enabled.protocols': 'TLSv1' })).toHaveLength(1);
  });

  it('that are damaged, or without their key, are one clear mistake each', () => {
    const certificate = pem.slice(pem.indexOf('-----BEGIN CERTIFICATE'));
    const mistakes = (name: string, text: string): string[] =>
      mistakesOf({ ...ssl, [name]: '/f' }, { '/f': text });
    expect(mistakes('ssl.truststore.location', 'no PEM')).toEqual([
      expect.stringContaining('holds no certificate in PEM'),
    ]);
    expect(mistakes('ssl.truststore.location', certificate.replace(/MI\w{4}/, 'MIIIII'))).toEqual([
      expect.stringContaining('holds a certificate that is damaged'),
    ]);
    expect(mistakes('ssl.keystore.location', certificate)).toEqual([
      expect.stringContaining('holds no private key in PEM'),
    ]);
    const mixed = { 'ssl.keystore.key': other, 'ssl.keystore.certificate.chain': pem };
    expect(mistakesOf({ ...ssl, ...mixed })).toEqual([
      expect.stringContaining('holds another private key than that of the first certificate'),
    ]);
    expect(mistakesOf({ ...ssl, 'ssl.keystore.key': pem })).toEqual([
      expect.stringContaining('given without ssl.keystore.certificate.chain'),
    ]);
  });
});
