import { getProperties } from 'properties-file';
import type { Logger } from '../host/logger.js';
import { readTextFile } from '../host/read-text-file.js';
import type { KafkaConfig } from '../log/kafka/kafka-config.js';
import { bootstrapServers, kafkaConfigFrom } from '../log/kafka/settings/kafka-config-properties.js';
import type { GivenProperties, GivenProperty } from '../log/kafka/settings/property-reader.js';
import { LogError } from '../log/log-port.js';

/** What the command line says of Kafka. */
export interface KafkaOptions {
  /** `host:port` each. */
  readonly brokers: readonly string[] | undefined;
  /** A file in the format of Kafka's own `client.properties`. */
  readonly commandConfig: string | undefined;
  readonly properties: GivenProperties;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The configuration of Kafka's client, from the command line, the environment and a file; undefined where none
 * of them names a broker: then the log is the embedded one. What is said nearer to the start wins: the file is
 * overridden by the environment, and both by the command line.
 * @throws LogError `invalid-configuration`, naming every mistake, and no secret.
 */
export function kafkaConfigOf(
  options: KafkaOptions,
  environment: Environment,
  logger: Pick<Logger, 'info'>,
): KafkaConfig | undefined {
  const given = new Map([
    ...(options.commandConfig === undefined ? [] : propertiesOfFile(options.commandConfig)),
    ...propertiesOfEnvironment(environment),
    ...options.properties,
  ]);
  const brokers = options.brokers ?? brokersOf(given.get(bootstrapServers));
  if (brokers === undefined) {
    if (options.commandConfig === undefined && options.properties.size === 0) return undefined;
    throw new LogError(
      'invalid-configuration',
      `There are settings for Kafka, but no broker: give --brokers, or ${bootstrapServers} beside them.`,
    );
  }
  const { config, passedOver } = kafkaConfigFrom(given, brokers, readTextFile);
  if (passedOver.length > 0)
    logger.info(`Settings for Kafka that mean nothing here are passed over: ${passedOver.join(', ')}.`);
  return config;
}

/** `name=value` of the command line. A value may be a secret: nothing of it is told in an error. */
export function readProperty(text: string): readonly [name: string, GivenProperty] {
  const equals = text.indexOf('=');
  const name = text.slice(0, equals).trim();
  if (equals < 1 || name === '') throw new Error('--kafka-property has no "=": give name=value');
  return [name, { value: text.slice(equals + 1), origin: '--kafka-property' }];
}

function propertiesOfFile(path: string): [string, GivenProperty][] {
  let text: string;
  try {
    text = readTextFile(path);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new LogError('invalid-configuration', `--command-config: ${why}.`, { cause: error });
  }
  return Object.entries(getProperties(text)).map(([name, value]) => [name, { value, origin: path }]);
}

/** `MILLRACE_KAFKA_SASL_MECHANISM` is `sasl.mechanism`. */
const environmentPrefix = 'MILLRACE_KAFKA_';

function propertiesOfEnvironment(environment: Environment): [string, GivenProperty][] {
  const given: [string, GivenProperty][] = [];
  for (const [variable, value] of Object.entries(environment)) {
    if (!variable.startsWith(environmentPrefix) || value === undefined) continue;
    const name = variable.slice(environmentPrefix.length).toLowerCase().replaceAll('_', '.');
    given.push([name, { value, origin: variable }]);
  }
  return given;
}

function brokersOf(property: GivenProperty | undefined): readonly string[] | undefined {
  const brokers = (property?.value ?? '').split(',').map((broker) => broker.trim());
  const named = brokers.filter((broker) => broker !== '');
  return named.length === 0 ? undefined : named;
}
