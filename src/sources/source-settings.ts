import { durationMs } from '../api/duration.js';
import type { OptionNames } from '../api/option-names.js';
import { readOperatorProperties } from '../log/kafka/settings/operator-properties.js';
import { readFetchSettings, readRequestSettings } from '../log/kafka/settings/request-properties.js';
import type { Isolation } from '../log/log-port.js';
import type { FetchSettings, RequestSettings } from '../log/request-settings.js';
import { MillraceError } from '../protocol/failures.js';
import type { DeserializedLogSourceOptions, KeyedLogSourceOptions, LogSourceSettings } from './log-source.js';

/** What a source's options and its properties under Kafka's names say together. */
export interface SourceSettings {
  readonly groupId: string | undefined;
  readonly isolation: Isolation;
  /** Undefined for never. */
  readonly discoveryIntervalMs: number | undefined;
  readonly reading: RequestSettings & FetchSettings;
}

const isolations = ['read_committed', 'read_uncommitted'] as const satisfies readonly Isolation[];

/** Kafka's own `metadata.max.age.ms`, and Flink's: partitions come seldom, and nothing of them is lost meanwhile. */
const defaultDiscoveryIntervalMs = 300_000;
const intervalMsMax = 2_147_483_647;

/** @throws MillraceError naming the first option that is wrong, or all properties that are. */
export function sourceSettings(options: LogSourceSettings): SourceSettings {
  const { groupId, isolation, partitionDiscoveryInterval: interval } = options;
  if (isolation !== undefined) requireIsolation(isolation);
  const intervalMs =
    interval === undefined ? undefined : durationMs(interval, "A source's option partitionDiscoveryInterval");
  return readOperatorProperties('kafkaSource', options.properties ?? {}, (properties) => {
    const discoveryIntervalMs =
      properties.agreed(
        'partition.discovery.interval.ms',
        properties.wholeNumber('partition.discovery.interval.ms', 0, intervalMsMax),
        'partitionDiscoveryInterval',
        intervalMs,
      ) ?? defaultDiscoveryIntervalMs;
    return {
      groupId: properties.agreed('group.id', properties.text('group.id'), 'groupId', groupId),
      isolation:
        properties.agreed(
          'isolation.level',
          properties.oneOf('isolation.level', isolations),
          'isolation',
          isolation,
        ) ?? 'read_committed',
      discoveryIntervalMs: discoveryIntervalMs === 0 ? undefined : discoveryIntervalMs,
      reading: { ...readRequestSettings(properties), ...readFetchSettings(properties) },
    };
  });
}

function requireIsolation(isolation: Isolation): void {
  if (isolations.includes(isolation)) return;
  throw new MillraceError(
    `A source's option isolation is ${JSON.stringify(isolation)}: give 'read_committed' or 'read_uncommitted'.`,
    { domain: 'user-code', action: 'fail-job' },
  );
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
  idleTimeout: true,
  onUndecodable: true,
  properties: true,
};
