import { type Duration, durationMs } from '../api/duration.js';
import { refuseUnknownOptions } from '../api/option-names.js';
import { requireMethod } from '../api/require-method.js';
import type { ValueCodec } from '../codecs/value-codec.js';
import type { KafkaSourceProperties } from '../log/kafka/settings/operator-properties.js';
import type { Isolation, LogClient, OffsetRequest, TopicPartitionOffset } from '../log/log-port.js';
import type { FetchSettings, RequestSettings } from '../log/request-settings.js';
import { MillraceError } from '../protocol/failures.js';
import type { SplitId } from '../protocol/ids.js';
import type { RecordDeserializer } from './consumer-record.js';
import type { DeadLetterOptions } from './dead-letter.js';
import { DeserializerDecoder } from './deserializer-decoder.js';
import { LogSourceReader, type UndecodablePolicy } from './log-source-reader.js';
import { logSplit, logSplitId, readLogSplit } from './log-split.js';
import {
  type BoundedAt,
  type PositionOf,
  type StartingOffsets,
  startPositions,
  stopPositions,
} from './offset-options.js';
import { type KeyedRecord, KeyedRecordDecoder, type RecordDecoder, ValueDecoder } from './record-decoder.js';
import type {
  EncodedRecords,
  Source,
  SourceReader,
  SourceReaderContext,
  SourceSplit,
  SplitDiscoveryContext,
} from './source.js';
import { sourceOptionNames, sourceSettings } from './source-settings.js';
import {
  describeSelection,
  type PinnedPartition,
  requireKnown,
  type SelectedPartition,
  selectPartitions,
  type TopicSelection,
  topicSelection,
} from './topic-selection.js';

/** What is read, where from and how far. */
export type LogSourceSettings = LogSourceInput & {
  /** The group that positions are committed to once a checkpoint completes, for people and lag tools. */
  readonly groupId?: string;
  /** Where reading starts when there is no checkpoint; `'earliest'` by default. A checkpoint's positions always win. */
  readonly startingOffsets?: StartingOffsets;
  /** Read up to there, then finish. Without it the source reads for ever. */
  readonly bounded?: BoundedAt;
  /**
   * `'read_committed'` by default; `'read_uncommitted'` also shows records of open and aborted transactions.
   * The embedded log has none of those to show.
   */
  readonly isolation?: Isolation;
  /**
   * How often to look for new partitions and, by pattern, new topics while the job runs; `'5m'` by default,
   * `0` switches it off. They are read from the earliest offset. A bounded source, and one with partitions
   * by hand, never looks.
   */
  readonly partitionDiscoveryInterval?: Duration;
  /** A partition with nothing new for so long no longer holds back watermarks; `'10s'` by default, `'never'` switches it off. */
  readonly idleTimeout?: Duration | 'never';
  /**
   * A record that can't be decoded fails the job (the default), is left out and counted, or is put aside in a
   * topic, as it is and with its origin and the reason in its headers.
   */
  readonly onUndecodable?: 'fail' | 'skip' | DeadLetterOptions;
  /** Settings of Kafka's consumer under its own names, `{ 'fetch.min.bytes': 1 }`; they win over the command's. */
  readonly properties?: KafkaSourceProperties;
};

/** Topics by name or by pattern (those that exist at the first start), or partitions by hand. */
export type LogSourceInput =
  | { readonly topics: string | readonly string[] | RegExp; readonly partitions?: undefined }
  | { readonly partitions: readonly PinnedPartition[]; readonly topics?: undefined };

export type LogSourceOptions<V> = LogSourceSettings & { readonly value: ValueCodec<V> };

export type KeyedLogSourceOptions<K, V> = LogSourceOptions<V> & {
  /** Decodes the records' keys, too. A missing key is an error; `nullable(codec)` makes it a null. */
  readonly key: ValueCodec<K>;
};

export type DeserializedLogSourceOptions<T> = LogSourceSettings & {
  /** Sees each record whole: key, value, headers, timestamp, topic, partition and offset. */
  readonly deserializer: RecordDeserializer<T>;
};

/**
 * Well above a producer's pauses between batches and a broker's fail-over, so that only a partition that is
 * quiet loses its say; short enough that windows are not seen to stall.
 */
const defaultIdleTimeoutMs = 10_000;

/**
 * Reads topics of the log: of Kafka where brokers are given, else of the embedded log. A split is a
 * partition of a topic.
 */
export function logSource<T>(options: DeserializedLogSourceOptions<T>): Source<T>;
export function logSource<K, V>(options: KeyedLogSourceOptions<K, V>): Source<KeyedRecord<K, V>>;
export function logSource<V>(options: LogSourceOptions<V>): Source<V>;
export function logSource<K, V>(
  options: LogSourceOptions<V> | KeyedLogSourceOptions<K, V> | DeserializedLogSourceOptions<V>,
): Source<V> | Source<KeyedRecord<K, V>> {
  refuseUnknownOptions('kafkaSource', options, sourceOptionNames);
  if ('deserializer' in options && options.deserializer !== undefined)
    return new LogSource(options, new DeserializerDecoder(options.deserializer));
  const { value } = options as LogSourceOptions<V>;
  requireMethod(value, 'decode', "A source's option value takes a codec, such as json()");
  return 'key' in options && options.key !== undefined
    ? new LogSource(options, new KeyedRecordDecoder(options.key, value))
    : new LogSource(options, new ValueDecoder(value));
}

class LogSource<T> implements Source<T> {
  readonly kind = 'log-source';
  readonly description: string;
  readonly boundedness: 'bounded' | 'continuous';
  readonly idleTimeoutMs: number | undefined;
  readonly discoveryIntervalMs: number | undefined;
  private readonly selection: TopicSelection;
  private readonly startPosition: PositionOf;
  private readonly stopPosition: PositionOf | undefined;
  private readonly groupId: string | undefined;
  private readonly isolation: Isolation;
  private readonly reading: RequestSettings & FetchSettings;
  readonly deadLetters: DeadLetterOptions | undefined;
  readonly encodedRecords: EncodedRecords | undefined;
  private readonly undecodable: UndecodablePolicy;
  private readonly decoder: RecordDecoder<T>;

  constructor(options: LogSourceSettings, decoder: RecordDecoder<T>) {
    this.selection = topicSelection(options);
    const { groupId, isolation, discoveryIntervalMs, reading } = sourceSettings(options);
    this.groupId = groupId;
    this.reading = reading;
    this.startPosition = startPositions(options.startingOffsets ?? 'earliest', groupId);
    this.stopPosition = options.bounded === undefined ? undefined : stopPositions(options.bounded);
    this.boundedness = options.bounded === undefined ? 'continuous' : 'bounded';
    this.isolation = isolation;
    this.idleTimeoutMs =
      options.idleTimeout === 'never'
        ? undefined
        : durationMs(options.idleTimeout ?? defaultIdleTimeoutMs, "A source's option idleTimeout");
    this.discoveryIntervalMs = this.looksForPartitions ? discoveryIntervalMs : undefined;
    const policy = options.onUndecodable ?? 'fail';
    this.deadLetters = typeof policy === 'object' ? policy : undefined;
    this.undecodable = typeof policy === 'object' ? 'dead-letter' : checkedPolicy(policy);
    this.decoder = decoder;
    this.encodedRecords =
      this.undecodable === 'fail' && decoder instanceof ValueDecoder ? decoder : undefined;
    this.description = `${describeSelection(this.selection)}; ${this.boundedness}`;
  }

  async discoverSplits(context: SplitDiscoveryContext): Promise<readonly SourceSplit[]> {
    const log = await context.log();
    const partitions = await selectPartitions(this.selection, log);
    const starts = await this.resolve(log, partitions, this.startPosition);
    const stops =
      this.stopPosition === undefined ? undefined : await this.resolve(log, partitions, this.stopPosition);
    return partitions.map((partition, i) =>
      logSplit({ ...partition, position: starts[i]!, stopPosition: stops?.[i] ?? null }, partition.index),
    );
  }

  async discoverNewSplits(
    context: SplitDiscoveryContext,
    known: ReadonlySet<SplitId>,
  ): Promise<readonly SourceSplit[]> {
    const log = await context.log();
    const partitions = await selectPartitions(this.selection, log);
    requireKnown(partitions, known);
    const found = partitions.filter((partition) => !known.has(logSplitId(partition)));
    const starts = await this.resolve(log, found, () => ({ kind: 'earliest' }));
    return found.map((partition, i) =>
      logSplit({ ...partition, position: starts[i]!, stopPosition: null }, partition.index),
    );
  }

  describePlace(split: SourceSplit): string {
    const { topic, partition } = readLogSplit(split);
    return `topic ${topic}, partition ${partition}, offset`;
  }

  createReader(context: SourceReaderContext<T>): SourceReader {
    return new LogSourceReader(context, this.decoder, {
      undecodable: this.undecodable,
      reading: { ...this.reading, isolation: this.isolation },
      isBounded: this.boundedness === 'bounded',
    });
  }

  async onCheckpointComplete(
    context: SplitDiscoveryContext,
    splits: readonly SourceSplit[],
  ): Promise<readonly TopicPartitionOffset[]> {
    if (this.groupId === undefined || splits.length === 0) return [];
    const log = await context.log();
    const offsets = splits.map((split) => {
      const { topic, partition, position } = readLogSplit(split);
      return { topic, partition, offset: position };
    });
    await log.commitOffsets(this.groupId, offsets);
    return offsets;
  }

  private get looksForPartitions(): boolean {
    return this.boundedness === 'continuous' && this.selection.kind !== 'partitions';
  }

  /** In the partitions' order. Only what is not known already is asked of the log. */
  private async resolve(
    log: LogClient,
    partitions: readonly SelectedPartition[],
    positionOf: PositionOf,
  ): Promise<readonly number[]> {
    const wanted = partitions.map((partition) => positionOf(partition));
    const requests: OffsetRequest[] = [];
    partitions.forEach(({ topic, partition }, i) => {
      const spec = wanted[i]!;
      if (typeof spec !== 'number') requests.push({ topic, partition, spec });
    });
    const answers = requests.length === 0 ? [] : await log.resolveOffsets(requests, this.isolation);
    let next = 0;
    return wanted.map((position) => (typeof position === 'number' ? position : answers[next++]!));
  }
}

function checkedPolicy(policy: 'fail' | 'skip'): UndecodablePolicy {
  switch (policy) {
    case 'fail':
    case 'skip':
      return policy;
    default:
      policy satisfies never;
      throw new MillraceError(
        `A source's option onUndecodable is ${JSON.stringify(policy)}: give 'fail', 'skip' or { deadLetter: 'a topic' }.`,
        { domain: 'user-code', action: 'fail-job' },
      );
  }
}
