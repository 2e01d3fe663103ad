import type { Duration } from '../api/duration.js';
import { refuseUnknownOptions } from '../api/option-names.js';
import { readOptions } from '../api/read-options.js';
import { requireMethod } from '../api/require-method.js';
import type { ValueCodec } from '../codecs/value-codec.js';
import type { KafkaSourceProperties } from '../log/kafka/settings/operator-properties.js';
import type { Isolation, LogClient, OffsetRequest, TopicPartitionOffset } from '../log/log-port.js';
import type { OffsetResetStrategy } from '../log/position-reset.js';
import type { SplitId } from '../protocol/ids.js';
import type { RecordDeserializer } from './consumer-record.js';
import type { DeadLetterOptions } from './dead-letter.js';
import { DeserializerDecoder } from './deserializer-decoder.js';
import { LogSourceReader } from './log-source-reader.js';
import { logSplit, logSplitId, readLogSplit } from './log-split.js';
import type { BoundedAt, PositionOf, StartingOffsets } from './offset-options.js';
import { type KeyedRecord, KeyedRecordDecoder, type RecordDecoder, ValueDecoder } from './record-decoder.js';
import type {
  EncodedRecords,
  Source,
  SourceReader,
  SourceReaderContext,
  SourceSplit,
  SplitDiscoveryContext,
} from './source.js';
import { type SourceSettings, sourceOptionNames, sourceSettings } from './source-settings.js';
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
  /**
   * A position that is not in the log, since retention has deleted it or the topic was made anew, fails the job (the
   * default), or reading goes on at the `'earliest'` or `'latest'` offset there is: with a warning, and counted in the
   * metric `offsetResets`. It concerns positions of checkpoints, of a group, given by hand, and those of a running job.
   */
  readonly onOffsetOutOfRange?: OffsetResetStrategy;
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
 * Reads topics of the log: of Kafka where brokers are given, else of the embedded log. A split is a
 * partition of a topic.
 */
export function logSource<T>(options: DeserializedLogSourceOptions<T>): Source<T>;
export function logSource<K, V>(options: KeyedLogSourceOptions<K, V>): Source<KeyedRecord<K, V>>;
export function logSource<V>(options: LogSourceOptions<V>): Source<V>;
export function logSource<K, V>(options: AnyLogSourceOptions<K, V>): Source<V | KeyedRecord<K, V>> {
  const { selection, decoder, settings } = readOptions('kafkaSource', {
    names: () => refuseUnknownOptions('kafkaSource', options, sourceOptionNames),
    selection: () => topicSelection(options),
    decoder: () => decoderOf(options),
    settings: () => sourceSettings(options),
  });
  return new LogSource(selection, decoder, settings);
}

type AnyLogSourceOptions<K, V> =
  | LogSourceOptions<V>
  | KeyedLogSourceOptions<K, V>
  | DeserializedLogSourceOptions<V>;

class LogSource<T> implements Source<T> {
  readonly kind = 'log-source';
  readonly description: string;
  readonly boundedness: 'bounded' | 'continuous';
  readonly idleTimeoutMs: number | undefined;
  readonly discoveryIntervalMs: number | undefined;
  readonly deadLetters: DeadLetterOptions | undefined;
  readonly encodedRecords: EncodedRecords | undefined;
  private readonly selection: TopicSelection;
  private readonly decoder: RecordDecoder<T>;
  private readonly settings: SourceSettings;

  constructor(selection: TopicSelection, decoder: RecordDecoder<T>, settings: SourceSettings) {
    this.selection = selection;
    this.decoder = decoder;
    this.settings = settings;
    const { stopPosition, idleTimeoutMs, discoveryIntervalMs, onUndecodable } = settings;
    this.boundedness = stopPosition === undefined ? 'continuous' : 'bounded';
    this.idleTimeoutMs = idleTimeoutMs;
    this.discoveryIntervalMs = this.looksForPartitions ? discoveryIntervalMs : undefined;
    this.deadLetters = typeof onUndecodable === 'object' ? onUndecodable : undefined;
    this.encodedRecords = onUndecodable === 'fail' && decoder instanceof ValueDecoder ? decoder : undefined;
    this.description = `${describeSelection(selection)}; ${this.boundedness}`;
  }

  async discoverSplits(context: SplitDiscoveryContext): Promise<readonly SourceSplit[]> {
    const log = await context.log();
    const partitions = await selectPartitions(this.selection, log);
    const { startPosition, stopPosition } = this.settings;
    const starts = await this.resolve(log, partitions, startPosition);
    const stops = stopPosition === undefined ? undefined : await this.resolve(log, partitions, stopPosition);
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
    const { onUndecodable, reading } = this.settings;
    return new LogSourceReader(context, this.decoder, {
      undecodable: typeof onUndecodable === 'object' ? 'dead-letter' : onUndecodable,
      reading,
      isBounded: this.boundedness === 'bounded',
    });
  }

  async onCheckpointComplete(
    context: SplitDiscoveryContext,
    splits: readonly SourceSplit[],
  ): Promise<readonly TopicPartitionOffset[]> {
    const { groupId } = this.settings;
    if (groupId === undefined || splits.length === 0) return [];
    const log = await context.log();
    const offsets = splits.map((split) => {
      const { topic, partition, position } = readLogSplit(split);
      return { topic, partition, offset: position };
    });
    await log.commitOffsets(groupId, offsets);
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
    const answers =
      requests.length === 0 ? [] : await log.resolveOffsets(requests, this.settings.reading.isolation);
    let next = 0;
    return wanted.map((position) => (typeof position === 'number' ? position : answers[next++]!));
  }
}

function decoderOf<K, V>(options: AnyLogSourceOptions<K, V>): RecordDecoder<V | KeyedRecord<K, V>> {
  if ('deserializer' in options && options.deserializer !== undefined) {
    requireMethod(options.deserializer, 'deserialize', "A source's option deserializer takes a deserializer");
    return new DeserializerDecoder(options.deserializer);
  }
  const { value } = options as LogSourceOptions<V>;
  requireMethod(value, 'decode', "A source's option value takes a codec, such as json()");
  if (!('key' in options) || options.key === undefined) return new ValueDecoder(value);
  requireMethod(options.key, 'decode', "A source's option key takes a codec, such as string()");
  return new KeyedRecordDecoder(options.key, value);
}
