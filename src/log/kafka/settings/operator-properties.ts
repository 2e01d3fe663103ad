import { WrongOptions } from '../../../api/read-options.js';
import type { BatchSettings, FetchSettings, RequestSettings } from '../../request-settings.js';
import { type GivenProperties, PropertyReader } from './property-reader.js';
import { propertyNames } from './request-properties.js';
import { whyUnknown, withoutEffect } from './unused-properties.js';

type NamesOf<Settings> = (typeof propertyNames)[keyof Settings & keyof typeof propertyNames];
type Properties<Name extends string> = { readonly [name in Name]?: string | number };

/** Settings of Kafka's consumer, under its names, for one source. They mean something where the log is Kafka's. */
export type KafkaSourceProperties = Properties<
  | NamesOf<RequestSettings & FetchSettings>
  | 'group.id'
  | 'isolation.level'
  | 'auto.offset.reset'
  | 'partition.discovery.interval.ms'
>;

/** Settings of Kafka's producer, under its names, for one sink. They mean something where the log is Kafka's. */
export type KafkaSinkProperties = Properties<
  NamesOf<RequestSettings & BatchSettings> | 'transaction.timeout.ms'
>;

/**
 * Reads the `properties` of a source or a sink, and with `PropertyReader.option` the options beside them.
 * @throws WrongOptions naming every mistake.
 */
export function readOperatorProperties<Settings>(
  operator: 'kafkaSource' | 'kafkaSink',
  properties: KafkaSourceProperties | KafkaSinkProperties,
  read: (properties: PropertyReader) => Settings,
): Settings {
  const reader = new PropertyReader(givenBy(operator, properties));
  const settings = read(reader);
  for (const name of reader.unread) reader.mistake(name, whyNotHere(name));
  if (reader.mistakes.length > 0) throw new WrongOptions(operator, reader.mistakes);
  return settings;
}

function givenBy(origin: string, properties: object): GivenProperties {
  const given = Object.entries(properties).filter(([, value]) => value !== undefined);
  return new Map(given.map(([name, value]) => [name, { value: String(value), origin }]));
}

function whyNotHere(name: string): string {
  if (ofWholeJob.some((prefix) => name.startsWith(prefix)))
    return 'is for the whole job: give it to the command, with --command-config or --kafka-property';
  if (Object.values<string>(propertyNames).includes(name))
    return 'is a setting of the other kind, source or sink';
  return withoutEffect(name) ? 'means nothing here: leave it out' : whyUnknown(name);
}

/** One cluster, and one way to get in, for all of a job. */
const ofWholeJob = ['bootstrap.', 'security.', 'ssl.', 'sasl.', 'socket.'];
