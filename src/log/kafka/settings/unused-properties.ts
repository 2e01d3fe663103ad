/**
 * Settings of Kafka's clients that a file for several programs may well have, and that have nothing to act
 * on here. Passing over any other would hide a slip of the pen, or a promise that is not kept.
 */
export function withoutEffect(name: string): boolean {
  return unused.has(name) || unusedPrefixes.some((prefix) => name.startsWith(prefix));
}

/** What to say of a setting that is not known. It goes on from the setting's name. */
export function whyUnknown(name: string): string {
  const instead = saidOtherwise.get(name);
  return instead === undefined
    ? 'is no setting of Kafka that Millrace knows: correct its name, or leave it out'
    : `is not given here: ${instead}`;
}

const unused: ReadonlySet<string> = new Set([
  // Groups: partitions are assigned by hand.
  'session.timeout.ms',
  'heartbeat.interval.ms',
  'max.poll.interval.ms',
  'max.poll.records',
  'group.instance.id',
  'group.protocol',
  'partition.assignment.strategy',
  // Offsets are committed with each checkpoint.
  'enable.auto.commit',
  'auto.commit.interval.ms',
  // Codecs are options of sources and sinks.
  'key.deserializer',
  'value.deserializer',
  'key.serializer',
  'value.serializer',
  // Connections, which are kept as long as they work.
  'client.dns.lookup',
  // Records are read from leaders.
  'client.rack',
  'connections.max.idle.ms',
  'metadata.max.age.ms',
  'metadata.max.idle.ms',
  'metadata.recovery.strategy',
  'reconnect.backoff.ms',
  'reconnect.backoff.max.ms',
  'socket.connection.setup.timeout.max.ms',
  'receive.buffer.bytes',
  'send.buffer.bytes',
  'default.api.timeout.ms',
  'max.block.ms',
  'buffer.memory',
  'max.in.flight.requests.per.connection',
  'allow.auto.create.topics',
  'check.crcs',
  'interceptor.classes',
  'metric.reporters',
  'enable.metrics.push',
  'auto.include.jmx.reporter',
  // What a Java virtual machine is made of.
  'ssl.protocol',
  'ssl.provider',
  'ssl.keymanager.algorithm',
  'ssl.trustmanager.algorithm',
  'ssl.secure.random.implementation',
  'security.providers',
  // Tokens are fetched and refreshed without Java's classes.
  'sasl.client.callback.handler.class',
]);

/** Confluent's files have those of its schema registry beside Kafka's. */
const unusedPrefixes = [
  'schema.registry.',
  'basic.auth.',
  'bearer.auth.',
  'confluent.',
  'metrics.',
  'sasl.login.',
];

const ofSource = 'it is an option of kafkaSource';
const ofSink = 'it is an option of kafkaSink';

const saidOtherwise: ReadonlyMap<string, string> = new Map([
  ['group.id', `${ofSource}, groupId`],
  ['isolation.level', `${ofSource}, isolation`],
  ['auto.offset.reset', `${ofSource}, onOffsetOutOfRange, and startingOffsets for the first start`],
  ['partition.discovery.interval.ms', `${ofSource}, partitionDiscoveryInterval`],
  ['transactional.id', `${ofSink}, transactionalIdPrefix`],
  ['transaction.timeout.ms', `${ofSink}, transactionTimeout`],
  ['partitioner.class', `${ofSink}, partitioner`],
  // The names of librdkafka, which Confluent hands out for languages other than Java.
  ['sasl.username', 'give sasl.jaas.config, as in the file for Java'],
  ['sasl.password', 'give sasl.jaas.config, as in the file for Java'],
  ['sasl.mechanisms', 'give sasl.mechanism'],
  ['ssl.ca.location', 'give ssl.truststore.location, a file in PEM'],
  ['ssl.certificate.location', 'give ssl.keystore.location, a file in PEM with key and certificates'],
  ['ssl.key.location', 'give ssl.keystore.location, a file in PEM with key and certificates'],
]);
