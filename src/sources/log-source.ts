import { type Duration, durationMs } from '../api/duration.js';
import type { ValueCodec } from '../codecs/value-codec.js';
import type { LogClient, OffsetSpec, TopicPartition } from '../log/log-port.js';
import { MillraceError } from '../protocol/failures.js';
import { LogSourceReader, type UndecodablePolicy } from './log-source-reader.js';
import { logSplit, readLogSplit } from './log-split.js';
import { type KeyedRecord, KeyedRecordDecoder, type RecordDecoder, ValueDecoder } from './record-decoder.js';
import type {
  Source,
  SourceReader,
  SourceReaderContext,
  SourceSplit,
  SplitDiscoveryContext,
} from './source.js';

export interface LogSourceOptions<V> {
  readonly topics: string | readonly string[];
  readonly value: ValueCodec<V>;
  /** The group that positions are committed to once a checkpoint completes, for people and lag tools. */
  readonly groupId?: string;
  /** Where reading starts when there is no checkpoint; `'earliest'` by default. */
  readonly startingOffsets?: StartingOffsets;
  /** `'latest'`: read up to where the topics end at the first start, then finish. */
  readonly bounded?: 'latest';
  /** A partition with nothing new for so long no longer holds back watermarks; `'10s'` by default, `'never'` switches it off. */
  readonly idleTimeout?: Duration | 'never';
  /** A record that can't be decoded fails the job (the default), or is left out and counted. */
  readonly onUndecodable?: UndecodablePolicy;
}

export interface KeyedLogSourceOptions<K, V> extends LogSourceOptions<V> {
  /** Decodes the records' keys, too. A missing key is an error; `nullable(codec)` makes it a null. */
  readonly key: ValueCodec<K>;
}

/**
 * `committed` begins where the group stands, and at the earliest offset of partitions for which it has
 * committed nothing: so nothing is passed over unasked. `timestampMs` begins at the first record of that
 * time (epoch ms) or later.
 */
export type StartingOffsets = 'earliest' | 'latest' | 'committed' | { readonly timestampMs: number };

/**
 * Well above a producer's pauses between batches and a broker's fail-over, so that only a partition that is
 * quiet loses its say; short enough that windows are not seen to stall.
 */
const defaultIdleTimeoutMs = 10_000;

/**
 * Reads topics of the log: of Kafka where brokers are given, else of the embedded log. A split is a
 * partition of a topic.
 */
export function logSource<K, V>(options: KeyedLogSourceOptions<K, V>): Source<KeyedRecord<K, V>>;
export function logSource<V>(options: LogSourceOptions<V>): Source<V>;
export function logSource<K, V>(
  options: LogSourceOptions<V> | KeyedLogSourceOptions<K, V>,
): Source<V> | Source<KeyedRecord<K, V>> {
  return 'key' in options && options.key !== undefined
    ? new LogSource(options, new KeyedRecordDecoder(options.key, options.value))
    : new LogSource(options, new ValueDecoder(options.value));
}

class LogSource<V, T> implements Source<T> {
  readonly kind = 'log-source';
  readonly description: string;
  readonly boundedness: 'bounded' | 'continuous';
  readonly idleTimeoutMs: number | undefined;
  private readonly topics: readonly string[];
  private readonly startingOffset: OffsetSpec;
  private readonly groupId: string | undefined;
  private readonly undecodable: UndecodablePolicy;
  private readonly decoder: RecordDecoder<T>;

  constructor(options: LogSourceOptions<V>, decoder: RecordDecoder<T>) {
    this.topics = distinctTopics(options.topics);
    this.groupId = options.groupId;
    this.startingOffset = startingOffsetSpec(options.startingOffsets ?? 'earliest', options.groupId);
    this.boundedness = options.bounded === undefined ? 'continuous' : 'bounded';
    this.idleTimeoutMs =
      options.idleTimeout === 'never'
        ? undefined
        : durationMs(options.idleTimeout ?? defaultIdleTimeoutMs, 'idleTimeout');
    this.undecodable = options.onUndecodable ?? 'fail';
    this.decoder = decoder;
    this.description = `topics ${this.topics.join(', ')}; ${this.boundedness}`;
  }

  async discoverSplits(context: SplitDiscoveryContext): Promise<readonly SourceSplit[]> {
    const log = await context.log();
    const partitions = await this.describePartitions(log);
    const positions = await log.resolveOffsets(
      partitions.map((partition) => ({ ...partition, spec: this.startingOffset })),
    );
    const stopPositions =
      this.boundedness === 'bounded'
        ? await log.resolveOffsets(partitions.map((partition) => ({ ...partition, spec: { kind: 'end' } })))
        : undefined;
    return partitions.map((partition, i) =>
      logSplit({ ...partition, position: positions[i]!, stopPosition: stopPositions?.[i] ?? null }),
    );
  }

  createReader(context: SourceReaderContext<T>): SourceReader {
    return new LogSourceReader(context, this.decoder, this.undecodable, this.boundedness === 'bounded');
  }

  async onCheckpointComplete(context: SplitDiscoveryContext, splits: readonly SourceSplit[]): Promise<void> {
    if (this.groupId === undefined || splits.length === 0) return;
    const log = await context.log();
    const offsets = splits.map((split) => {
      const { topic, partition, position } = readLogSplit(split);
      return { topic, partition, offset: position };
    });
    await log.commitOffsets(this.groupId, offsets);
  }

  private async describePartitions(log: LogClient): Promise<TopicPartition[]> {
    const descriptions = await log.describeTopics(this.topics);
    return descriptions.flatMap(({ topic, partitions }) =>
      partitions.map((partition) => ({ topic, partition })),
    );
  }
}

function distinctTopics(topics: string | readonly string[]): readonly string[] {
  // Sorted, so that the order in which a set was written down changes no assignment.
  const distinct = [...new Set(typeof topics === 'string' ? [topics] : topics)].sort();
  if (distinct.length > 0 && !distinct.includes('')) return distinct;
  throw badOption('topics names no topic: give at least one name, and no empty one.');
}

function startingOffsetSpec(startingOffsets: StartingOffsets, groupId: string | undefined): OffsetSpec {
  if (typeof startingOffsets === 'object')
    return { kind: 'timestamp', timestampMs: startingOffsets.timestampMs };
  switch (startingOffsets) {
    case 'earliest':
      return { kind: 'earliest' };
    case 'latest':
      return { kind: 'end' };
    case 'committed':
      if (groupId === undefined) throw badOption("startingOffsets: 'committed' needs a groupId.");
      return { kind: 'committed', groupId, fallback: 'earliest' };
    default:
      startingOffsets satisfies never;
      throw badOption(
        `startingOffsets is ${JSON.stringify(startingOffsets)}: give 'earliest', 'latest', 'committed' or { timestampMs }.`,
      );
  }
}

function badOption(message: string): MillraceError {
  return new MillraceError(`A source's option ${message}`, { domain: 'user-code', action: 'fail-job' });
}
