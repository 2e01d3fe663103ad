import { type Duration, durationMs } from '../api/duration.js';
import type { OptionNames } from '../api/option-names.js';
import { wrongOption } from '../api/read-options.js';
import { readOperatorProperties } from '../log/kafka/settings/operator-properties.js';
import type { PropertyReader } from '../log/kafka/settings/property-reader.js';
import { readFetchSettings, readRequestSettings } from '../log/kafka/settings/request-properties.js';
import type { Isolation } from '../log/log-port.js';
import { type OffsetResetStrategy, offsetResetStrategies } from '../log/position-reset.js';
import type { DeadLetterOptions } from './dead-letter.js';
import type { DeserializedLogSourceOptions, KeyedLogSourceOptions, LogSourceSettings } from './log-source.js';
import type { LogSourceReaderOptions } from './log-source-reader.js';
import { type PositionOf, startPositions, stopPositions } from './offset-options.js';

/** What a source's options and its properties under Kafka's names say together. */
export interface SourceSettings {
  readonly groupId: string | undefined;
  readonly startPosition: PositionOf;
  /** Undefined for a source without an end. */
  readonly stopPosition: PositionOf | undefined;
  /** Undefined for never. */
  readonly discoveryIntervalMs: number | undefined;
  /** Undefined for never. */
  readonly idleTimeoutMs: number | undefined;
  readonly onUndecodable: 'fail' | 'skip' | DeadLetterOptions;
  readonly reading: LogSourceReaderOptions['reading'];
}

const isolations = ['read_committed', 'read_uncommitted'] as const satisfies readonly Isolation[];

/** Kafka's own `metadata.max.age.ms`, and Flink's: partitions come seldom, and nothing of them is lost meanwhile. */
const defaultDiscoveryIntervalMs = 300_000;
const intervalMsMax = 2_147_483_647;

/**
 * Well above a producer's pauses between batches and a broker's fail-over, so that only a partition that is
 * quiet loses its say; short enough that windows are not seen to stall.
 */
const defaultIdleTimeoutMs = 10_000;

/** @throws WrongOptions naming every option and property that is wrong. */
export function sourceSettings(options: LogSourceSettings): SourceSettings {
  return readOperatorProperties('kafkaSource', options.properties ?? {}, (properties) => {
    const { startingOffsets = 'earliest', bounded, onUndecodable = 'fail' } = options;
    const groupId = groupIdOf(properties, options.groupId);
    const reset = resetSettings(properties, options.onOffsetOutOfRange);
    return {
      groupId,
      startPosition:
        properties.option(() => startPositions(startingOffsets, groupId, reset.withoutCommitted)) ?? earliest,
      stopPosition: properties.option(() => (bounded === undefined ? undefined : stopPositions(bounded))),
      discoveryIntervalMs: discoveryIntervalMs(properties, options.partitionDiscoveryInterval),
      idleTimeoutMs: properties.option(() => idleTimeoutMs(options.idleTimeout)),
      onUndecodable: properties.option(() => checkedPolicy(onUndecodable)) ?? 'fail',
      reading: {
        ...readRequestSettings(properties),
        ...readFetchSettings(properties),
        isolation: isolationOf(properties, options.isolation),
        onOffsetOutOfRange: reset.onOffsetOutOfRange,
      },
    };
  });
}

const earliest: PositionOf = () => ({ kind: 'earliest' });

function groupIdOf(properties: PropertyReader, ofOption: string | undefined): string | undefined {
  const given = properties.option(() => {
    if (ofOption === undefined || (typeof ofOption === 'string' && ofOption !== '')) return ofOption;
    throw wrongOption(
      'source',
      `groupId is ${JSON.stringify(ofOption)}: name a consumer group, or leave it out.`,
    );
  });
  return properties.agreed('group.id', properties.text('group.id'), 'groupId', given);
}

function isolationOf(properties: PropertyReader, ofOption: Isolation | undefined): Isolation {
  const name = 'isolation.level';
  const given = properties.option(() => oneOf('isolation', isolations, ofOption));
  return properties.agreed(name, properties.oneOf(name, isolations), 'isolation', given) ?? 'read_committed';
}

/**
 * `auto.offset.reset` means what it does in Kafka's consumer: where to go on from a position that is not in the log,
 * and where to begin with a group that has committed none. The option means the first alone.
 */
function resetSettings(
  properties: PropertyReader,
  ofOption: OffsetResetStrategy | undefined,
): {
  readonly onOffsetOutOfRange: OffsetResetStrategy;
  readonly withoutCommitted: OffsetResetStrategy | undefined;
} {
  const name = 'auto.offset.reset';
  const given = properties.option(() => oneOf('onOffsetOutOfRange', offsetResetStrategies, ofOption));
  const property = properties.oneOf(name, ['earliest', 'latest', 'none']);
  const ofProperty = property === 'none' ? 'fail' : property;
  return {
    onOffsetOutOfRange: properties.agreed(name, ofProperty, 'onOffsetOutOfRange', given) ?? 'fail',
    withoutCommitted: ofProperty,
  };
}

function discoveryIntervalMs(properties: PropertyReader, ofOption: Duration | undefined): number | undefined {
  const name = 'partition.discovery.interval.ms';
  const option = 'partitionDiscoveryInterval';
  const given = properties.option(() =>
    ofOption === undefined ? undefined : durationMs(ofOption, `A source's option ${option}`),
  );
  const ofProperty = properties.wholeNumber(name, 0, intervalMsMax);
  const intervalMs = properties.agreed(name, ofProperty, option, given) ?? defaultDiscoveryIntervalMs;
  return intervalMs === 0 ? undefined : intervalMs;
}

function idleTimeoutMs(timeout: Duration | 'never' = defaultIdleTimeoutMs): number | undefined {
  return timeout === 'never' ? undefined : durationMs(timeout, "A source's option idleTimeout");
}

function checkedPolicy(policy: SourceSettings['onUndecodable']): SourceSettings['onUndecodable'] {
  if (policy === 'fail' || policy === 'skip') return policy;
  if (typeof policy?.deadLetter === 'string' && policy.deadLetter !== '') return policy;
  throw wrongOption(
    'source',
    `onUndecodable is ${JSON.stringify(policy)}: give 'fail', 'skip' or { deadLetter: 'a topic' }.`,
  );
}

function oneOf<T extends string>(option: string, allowed: readonly T[], given: T | undefined): T | undefined {
  if (given === undefined || allowed.includes(given)) return given;
  const quoted = allowed.map((each) => `'${each}'`).join(', ');
  throw wrongOption('source', `${option} is ${JSON.stringify(given)}: give one of ${quoted}.`);
}

export const sourceOptionNames: OptionNames<
  KeyedLogSourceOptions<unknown, unknown> | DeserializedLogSourceOptions<unknown>
> = {
  topics: true,
  partitions: true,
  key: true,
  value: true,
  deserializer: true,
  groupId: true,
  startingOffsets: true,
  bounded: true,
  isolation: true,
  partitionDiscoveryInterval: true,
  onOffsetOutOfRange: true,
  idleTimeout: true,
  onUndecodable: true,
  properties: true,
};
