import { LogError } from '../../log-port.js';
import type { KafkaConfig } from '../kafka-config.js';
import { type GivenProperties, PropertyReader } from './property-reader.js';
import { readBatchSettings, readFetchSettings, readRequestSettings } from './request-properties.js';
import { type ReadTextFile, readSecurity } from './security-properties.js';
import { whyUnknown, withoutEffect } from './unused-properties.js';

export interface KafkaConfigFromProperties {
  readonly config: KafkaConfig;
  /** Settings of Kafka's clients that were given and mean nothing here. */
  readonly passedOver: readonly string[];
}

/**
 * The configuration that settings under Kafka's names give.
 * @throws LogError `invalid-configuration`, naming every mistake, and no secret.
 */
export function kafkaConfigFrom(
  given: GivenProperties,
  brokers: readonly string[],
  readFile: ReadTextFile,
): KafkaConfigFromProperties {
  const properties = new PropertyReader(given);
  properties.text(bootstrapServers);
  const config: KafkaConfig = {
    brokers,
    ...readRequestSettings(properties),
    ...readFetchSettings(properties),
    ...readBatchSettings(properties),
    ...readSecurity(properties, readFile),
    connectionTimeoutMs: properties.wholeNumber('socket.connection.setup.timeout.ms', 1, 2_147_483_647),
  };
  requireFixedValues(properties);
  const passedOver = properties.unread.filter(withoutEffect);
  for (const name of properties.unread) {
    if (!withoutEffect(name)) properties.mistake(name, whyUnknown(name));
  }
  if (properties.mistakes.length > 0) throw wrongSettings(properties.mistakes);
  return { config, passedOver };
}

/** Kafka's name for the list of brokers. */
export const bootstrapServers = 'bootstrap.servers';

/** Whoever sets these otherwise expects what can't be had. */
function requireFixedValues(properties: PropertyReader): void {
  properties.oneOf('acks', ['all', '-1']);
  properties.oneOf('enable.idempotence', ['true']);
}

function wrongSettings(mistakes: readonly string[]): LogError {
  const list = mistakes.map((mistake) => `\n- ${mistake}`).join('');
  return new LogError('invalid-configuration', `The Kafka settings are wrong:${list}`);
}
