import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  AclOperationTypes,
  AclPermissionTypes,
  AclResourceTypes,
  type Admin,
  Kafka,
  logLevel,
  ResourcePatternTypes,
} from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodeClock } from '../../src/host/node-clock.js';
import { type KafkaConfig, resolveKafkaConfig } from '../../src/log/kafka/kafka-config.js';
import { createKafkaLogClient } from '../../src/log/kafka/kafka-log-client.js';
import { metadataRequest } from '../../src/log/kafka/protocol/metadata.js';
import { kafkaConfigFrom } from '../../src/log/kafka/settings/kafka-config-properties.js';
import { BrokerConnection } from '../../src/log/kafka/transport/broker-connection.js';
import { connectionSettings } from '../../src/log/kafka/transport/connection-settings.js';
import type { AppenderOptions, LogClient, LogRecord } from '../../src/log/log-port.js';
import { opensslAvailable } from '../kafka-broker/certificates.js';
import { kafkaAvailable, saslUser } from '../kafka-broker/kafka-broker.js';
import {
  type ListenerName,
  restrictedUser,
  type SecuredBroker,
  sessionMs,
  startSecuredBroker,
} from '../kafka-broker/secured-broker.js';
import type { TokenEndpoint } from '../kafka-broker/token-endpoint.js';
import { CollectingReader, sleep } from '../log/collecting-reader.js';
import type { Result } from './jobs/numbered-record.js';
import { MillraceProcess } from './millrace-process.js';
import {
  clientSecret,
  credentials,
  oauth,
  type Properties,
  SecuredAccess,
  type User,
} from './secured-access.js';
import { StateFolder } from './state-folder.js';

const job = fileURLToPath(new URL('./jobs/exactly-once.job.ts', import.meta.url));
const partitions = 2;
const recordsOfPartition = 200;
const unsigned = oauth('unsecuredLoginStringClaim_sub="alice"');
const wrongUser = { ...saslUser, password: `not-${saslUser.password}` };

const canRun = kafkaAvailable() && opensslAvailable() && process.env.KAFKA_BROKERS === undefined;

describe.runIf(canRun)('a secured broker', () => {
  let secured: SecuredBroker;
  let access: SecuredAccess;
  let tokens: TokenEndpoint;
  let admin: Admin;
  const clients: LogClient[] = [];

  beforeAll(async () => {
    secured = await startSecuredBroker();
    access = new SecuredAccess(secured);
    tokens = await access.serveTokens();
    admin = new Kafka({ brokers: secured.broker.brokers, logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
  });
  afterAll(async () => {
    await Promise.all(clients.map((client) => client.close()));
    await admin?.disconnect();
    await tokens?.close();
    await secured?.stop();
  });

  function configOf(address: string, properties: Properties): KafkaConfig {
    const given = Object.entries(properties).map(
      ([name, value]) => [name, { value, origin: 'test' }] as const,
    );
    const readFile = (path: string): string => readFileSync(path, 'utf8');
    return { ...kafkaConfigFrom(new Map(given), [address], readFile).config, bootstrapTimeoutMs: 500 };
  }

  function openClient(address: string, properties: Properties): LogClient {
    const client = createKafkaLogClient(configOf(address, properties));
    clients.push(client);
    return client;
  }

  async function newTopic(): Promise<string> {
    const topic = `secured-${randomUUID()}`;
    await admin.createTopics({ topics: [{ topic, numPartitions: partitions }] });
    return topic;
  }

  const valuesOf = async (client: LogClient, topic: string, count: number) => {
    const reader = new CollectingReader(client, [{ topic, partition: 0, position: 0 }]);
    return (await reader.untilSeen(count)).map((record) => record.value);
  };

  it.each<[string, ListenerName, () => Properties]>([
    ['TLS', 'TLS', () => access.tls()],
    [
      "the client's own certificate",
      'MUTUAL',
      () => ({
        ...access.tls(),
        'ssl.keystore.type': 'PEM',
        'ssl.keystore.location': secured.certificates.client,
      }),
    ],
    ['PLAIN', 'SASL', () => access.sasl(credentials('PLAIN', saslUser))],
    ['SCRAM-SHA-256', 'SASL', () => access.sasl(credentials('SCRAM-SHA-256', saslUser))],
    ['SCRAM-SHA-512', 'SASL', () => access.sasl(credentials('SCRAM-SHA-512', saslUser))],
    ['tokens of an endpoint', 'OAUTH', () => access.tokens(clientSecret)],
    ['unsigned tokens', 'UNSECURED', () => access.sasl(unsigned)],
  ])('is written and read with %s', async (_, listener, properties) => {
    const topic = await newTopic();
    const client = openClient(secured.listeners[listener], properties());
    const appender = client.openAppender(appending());
    appender.append(recordOf(topic, 'safely'));
    await appender.flush();
    expect(await valuesOf(client, topic, 1)).toEqual(['safely']);
  });

  it('is authenticated to again, with new tokens, before a session ends', async () => {
    const address = secured.listeners.OAUTH;
    const [host = '', port] = address.split(':');
    const config = resolveKafkaConfig(configOf(address, access.tokens(clientSecret)));
    const connection = new BrokerConnection(
      { host, port: Number(port) },
      connectionSettings(config, nodeClock),
    );
    // Too short for two authentications to share one.
    access.tokenLife = 15;
    const askedBefore = tokens.requests.length;
    await connection.open();
    const endAt = performance.now() + 2 * sessionMs;
    while (performance.now() < endAt) {
      // Several at a time, of which the first begins an authentication and the others wait for it.
      await Promise.all(['a', 'b', 'c'].map(() => connection.send(metadataRequest([]))));
      await sleep(50);
    }
    access.tokenLife = 3_600;
    const authentications = tokens.requests.length - askedBefore;
    expect(connection.isOpen).toBe(true);
    connection.destroy('the test is over');
    expect(authentications).toBeGreaterThanOrEqual(3);
    expect(authentications).toBeLessThan(6);
  });

  it.each<[string, string, () => [address: string, Properties], RegExp]>([
    [
      'a wrong password with PLAIN',
      'unauthorized',
      () => [secured.listeners.SASL, access.sasl(credentials('PLAIN', wrongUser))],
      /refused the credentials: .*Invalid username or password.*sasl\.jaas\.config, and sasl\.mechanism/,
    ],
    [
      'a wrong password with SCRAM',
      'unauthorized',
      () => [secured.listeners.SASL, access.sasl(credentials('SCRAM-SHA-512', wrongUser))],
      /refused the credentials: .*invalid credentials.*sasl\.jaas\.config/,
    ],
    [
      'a mechanism that it does not offer',
      'invalid-configuration',
      () => [secured.listeners.OAUTH, access.sasl(credentials('PLAIN', saslUser))],
      /does not take this mechanism.*sasl\.mechanism.*sasl\.enabled\.mechanisms/,
    ],
    [
      'a token that nobody signed',
      'unauthorized',
      () => [secured.listeners.OAUTH, access.sasl(unsigned)],
      /refused the token: .*invalid_token.*sasl\.oauthbearer\.token\.endpoint\.url/,
    ],
    [
      'credentials that the token endpoint refuses',
      'unauthorized',
      () => [secured.listeners.OAUTH, access.tokens(`not-${clientSecret}`)],
      /No token from .*401 invalid_client.*clientSecret/,
    ],
    [
      'a client that trusts somebody else',
      'unauthorized',
      () => [
        secured.listeners.TLS,
        { ...access.tls(), 'ssl.truststore.location': secured.certificates.stranger },
      ],
      /certificate that is not trusted.*ssl\.truststore\.location/,
    ],
    [
      'another host name than that of its certificate',
      'unauthorized',
      () => [secured.listeners.TLS.replace('localhost', '127.0.0.1'), access.tls()],
      /certificate for another host name.*ssl\.endpoint\.identification\.algorithm/,
    ],
    [
      'no certificate where it wants one',
      'unauthorized',
      () => [secured.listeners.MUTUAL, access.tls()],
      /refused the TLS connection.*ssl\.keystore\.location/,
    ],
    [
      'credentials where it takes none',
      'invalid-configuration',
      () => [
        secured.broker.brokers[0] ?? '',
        { 'security.protocol': 'SASL_PLAINTEXT', ...credentials('PLAIN', saslUser) },
      ],
      /takes no credentials on this port.*security\.protocol/,
    ],
    [
      'a client without TLS',
      'unreachable',
      () => [secured.listeners.TLS, {}],
      /security\.protocol is PLAINTEXT: this port may want TLS/,
    ],
    [
      'TLS where it has none',
      'unreachable',
      () => [secured.broker.brokers[0] ?? '', access.tls()],
      /security\.protocol is SSL: this port may be without TLS/,
    ],
    [
      'a client without credentials',
      'unreachable',
      () => [secured.listeners.SASL, access.tls()],
      /security\.protocol is SSL: this port may want credentials/,
    ],
  ])('answers to %s with one clear sentence', async (_, code, ofCase, sentence) => {
    const error = await openClient(...ofCase())
      .listTopics()
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'LogError', code, message: expect.stringMatching(sentence) });
  });

  describe('to a user without permissions', () => {
    const bob = (): LogClient =>
      openClient(secured.listeners.SASL, access.sasl(credentials('PLAIN', restrictedUser)));

    async function grantOnTopic(topic: string, operation: AclOperationTypes): Promise<void> {
      await admin.createAcls({
        acl: [
          {
            resourceType: AclResourceTypes.TOPIC,
            resourceName: topic,
            resourcePatternType: ResourcePatternTypes.LITERAL,
            principal: `User:${restrictedUser.username}`,
            host: '*',
            operation,
            permissionType: AclPermissionTypes.ALLOW,
          },
        ],
      });
    }

    const refusal = (sentence: RegExp): object => ({
      code: 'unauthorized',
      message: expect.stringMatching(sentence),
    });

    it('says that the topic may not be looked at', async () => {
      const topic = await newTopic();
      await expect(bob().describeTopics([topic])).rejects.toMatchObject(
        refusal(/Describing .*TOPIC_AUTHORIZATION_FAILED\. Grant this user the operation Read/),
      );
    });

    it('says that the topic may not be read, and not be written', async () => {
      const [topic, other] = [await newTopic(), await newTopic()];
      await grantOnTopic(topic, AclOperationTypes.DESCRIBE);
      const client = bob();
      await expect.poll(() => client.describeTopics([topic]).catch(() => []), pollOptions).toHaveLength(1);
      const reader = new CollectingReader(client, [{ topic, partition: 0, position: 0 }]);
      expect(await reader.untilError()).toMatchObject(
        refusal(/Fetching topic secured-\S+, partition 0: .*operation Read on topics that it reads/),
      );
      const append = (): Promise<void> => {
        const appender = client.openAppender(appending());
        appender.append(recordOf(topic, 'x'));
        return appender.flush();
      };
      // Who may write no topic at all is not even a producer.
      await expect(append()).rejects.toMatchObject(
        refusal(/producer id: .*operation Write on the topics that it writes/),
      );
      await grantOnTopic(other, AclOperationTypes.WRITE);
      await expect.poll(() => client.describeTopics([other]).catch(() => []), pollOptions).toHaveLength(1);
      await expect(append()).rejects.toMatchObject(
        refusal(/Appending to topic secured-\S+, partition 0: .*Write on those that it writes/),
      );
    });

    it('says that the transactional id and the group may not be used', async () => {
      const client = bob();
      const options = { ...appending(), transactionTimeoutMs: 60_000 };
      await expect(client.transactions.begin('results-1', options)).rejects.toMatchObject(
        refusal(
          /transactional id results-1: .*Write and Describe .*transactionalIdPrefix.*--transactional-id/,
        ),
      );
      const offsets = [{ topic: 'any', partition: 0, offset: 1 }];
      await expect(client.commitOffsets('readers', offsets)).rejects.toMatchObject(
        refusal(/group readers: .*GROUP_AUTHORIZATION_FAILED.*groupId/),
      );
    });
  });

  describe('and a job', () => {
    async function filledTopic(): Promise<string> {
      const topic = await newTopic();
      const producer = new Kafka({ brokers: secured.broker.brokers, logLevel: logLevel.NOTHING }).producer();
      await producer.connect();
      const messages = Array.from({ length: partitions * recordsOfPartition }, (_, number) => ({
        partition: number % partitions,
        value: JSON.stringify({ key: `key-${number % 7}`, number }),
      }));
      await producer.send({ topic, messages });
      await producer.disconnect();
      return topic;
    }

    function propertiesFile(properties: Properties): string {
      const file = join(secured.folder, `${randomUUID()}.properties`);
      const all = { 'bootstrap.servers': secured.listeners.SASL, ...properties };
      writeFileSync(
        file,
        Object.entries(all)
          .map(([name, value]) => `${name}=${value}\n`)
          .join(''),
      );
      return file;
    }

    const start = (
      state: StateFolder,
      input: string,
      output: string,
      args: readonly string[],
      env: Properties = {},
    ) =>
      new MillraceProcess(
        [
          '--job',
          job,
          '--state-dir',
          state.path,
          '--parallelism',
          '2',
          '--checkpoint-interval',
          '100ms',
          ...args,
        ],
        {
          env: {
            TEST_INPUT: input,
            TEST_OUTPUT: output,
            TEST_PARTITIONS: String(partitions),
            TEST_RECORDS_OF_PARTITION: String(recordsOfPartition),
            TEST_KEYED: '1',
            ...env,
          },
        },
      );

    /** Java's console consumer reads it, with the very file. */
    async function expectAllResults(output: string, clientProperties: string): Promise<void> {
      const records = await secured.broker.consoleConsumer(output, {
        address: secured.listeners.SASL,
        clientProperties,
      });
      expectEachResultOnce(records);
    }

    function expectEachResultOnce(records: readonly { readonly value: string | null }[]): void {
      const numbers = records.map(({ value }) => (JSON.parse(value ?? '') as Result).number);
      expect(numbers.sort((a, b) => a - b)).toEqual(
        Array.from({ length: partitions * recordsOfPartition }, (_, n) => n),
      );
    }

    function expectNoSecret(run: MillraceProcess, state: StateFolder, { password }: User): void {
      const output = `${run.stdout}${run.log.join('\n')}`;
      expect(output).not.toContain(password);
      for (const name of readdirSync(state.outside, { recursive: true })) {
        const path = join(state.outside, String(name));
        if (statSync(path).isFile()) expect(readFileSync(path).includes(password), path).toBe(false);
      }
    }

    it('writes exactly once over SASL_SSL with PLAIN and with SCRAM, from a file', {
      timeout: 120_000,
    }, async () => {
      const input = await filledTopic();
      const runs = ['PLAIN', 'SCRAM-SHA-256'].map(async (mechanism) => {
        const output = await newTopic();
        const file = propertiesFile(access.sasl(credentials(mechanism, saslUser)));
        const state = new StateFolder();
        const run = start(state, input, output, ['--command-config', file]);
        await run.endsWith(0);
        await expectAllResults(output, file);
        expectNoSecret(run, state, saslUser);
      });
      await Promise.all(runs);
    });

    it('writes exactly once over SASL_SSL with tokens, and each of its threads has them from the endpoint', async () => {
      const [input, output] = [await filledTopic(), await newTopic()];
      const properties = access.tokens(clientSecret);
      const file = propertiesFile({ 'bootstrap.servers': secured.listeners.OAUTH, ...properties });
      const state = new StateFolder();
      const askedBefore = tokens.requests.length;
      const run = start(state, input, output, ['--command-config', file]);
      await run.endsWith(0);
      // The JobManager's thread, and two of TaskManagers.
      expect(tokens.requests.length - askedBefore).toBeGreaterThanOrEqual(3);
      const starts = [0, 1].map((partition) => ({ topic: output, partition, position: 0 }));
      const reader = new CollectingReader(openClient(secured.listeners.OAUTH, properties), starts);
      expectEachResultOnce(await reader.untilSeen(partitions * recordsOfPartition));
      expectNoSecret(run, state, { ...saslUser, password: clientSecret });
    });

    it('with wrong credentials ends once and for all, and names no secret', async () => {
      const { 'sasl.jaas.config': jaas = '', ...others } = access.sasl(
        credentials('SCRAM-SHA-512', wrongUser),
      );
      const state = new StateFolder();
      const run = start(state, 'in', 'out', ['--command-config', propertiesFile(others)], {
        MILLRACE_KAFKA_SASL_JAAS_CONFIG: jaas,
      });
      await run.endsWith(1);
      expect(run.matches(/ERROR .*refused the credentials: .*sasl\.jaas\.config/)).toHaveLength(1);
      expect(run.matches(/Restarting/)).toEqual([]);
      expectNoSecret(run, state, wrongUser);
    });
  });
});

const pollOptions = { timeout: 10_000, interval: 50 };

function appending(errors: Error[] = []): AppenderOptions {
  return { onWritable: () => {}, onError: (error) => errors.push(error), bufferBytes: 1024 * 1024 };
}

function recordOf(topic: string, value: string): LogRecord {
  return { topic, partition: 0, key: null, value: Buffer.from(value), timestamp: 1_000 };
}
