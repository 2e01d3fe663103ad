import { wrongOption } from '../api/read-options.js';
import type { OffsetSpec, TopicPartition, TopicPartitionOffset } from '../log/log-port.js';
import type { MillraceError } from '../protocol/failures.js';

/**
 * Where reading starts when there is no checkpoint.
 *
 * - `'committed'` begins where the group stands, and at the earliest offset of partitions for which it has
 *   committed nothing, so that nothing is passed over unasked; `committedOr` says what to do there instead:
 *   begin at the earliest or latest offset, or `'fail'` with an error that names the partition. (`'committed'` alone
 *   goes by `auto.offset.reset`, where that is among the source's properties.)
 * - `timestampMs` begins at the first record of that time (epoch ms) or later.
 * - `offsets` begins partitions at given offsets, and those that are not listed where `otherwise` says,
 *   by default at the earliest.
 */
export type StartingOffsets =
  | SimpleStart
  | { readonly timestampMs: number }
  | { readonly committedOr: Fallback }
  | { readonly offsets: readonly TopicPartitionOffset[]; readonly otherwise?: SimpleStart };

type Fallback = 'earliest' | 'latest' | 'fail';

export type SimpleStart = 'earliest' | 'latest' | 'committed';

/**
 * Where a source ends, once and for all at its first start: where the topics end then, at the first record of
 * a time (epoch ms) or later, or before given offsets, which must name every partition that is read.
 */
export type BoundedAt =
  | 'latest'
  | { readonly timestampMs: number }
  | { readonly offsets: readonly TopicPartitionOffset[] };

/** The position of a partition: known, or to be asked of the log. */
export type PositionOf = (partition: TopicPartition) => number | OffsetSpec;

/**
 * @param withoutCommitted where `'committed'` begins partitions for which the group has committed nothing.
 * @throws MillraceError
 */
export function startPositions(
  start: StartingOffsets,
  groupId: string | undefined,
  withoutCommitted: Fallback = 'earliest',
): PositionOf {
  if (typeof start === 'string') return always(simpleStart(start, groupId, withoutCommitted));
  if (typeof start !== 'object' || start === null) throw badStart(start);
  if ('timestampMs' in start) return always(timestampSpec('startingOffsets', start.timestampMs));
  if ('committedOr' in start) {
    if (!['earliest', 'latest', 'fail'].includes(start.committedOr)) throw badStart(start);
    return always(committedSpec(groupId, start.committedOr));
  }
  if (!('offsets' in start)) throw badStart(start);
  const offsets = offsetTable('startingOffsets', start.offsets);
  const otherwise = simpleStart(start.otherwise ?? 'earliest', groupId, withoutCommitted);
  return (partition) => offsets.get(placeOf(partition)) ?? otherwise;
}

/** @throws MillraceError, also from what it answers, for a partition without an offset. */
export function stopPositions(bounded: BoundedAt): PositionOf {
  if (bounded === 'latest') return always({ kind: 'end' });
  if (typeof bounded === 'object' && bounded !== null && 'timestampMs' in bounded)
    return always(timestampSpec('bounded', bounded.timestampMs));
  if (typeof bounded !== 'object' || bounded === null || !('offsets' in bounded)) {
    throw wrongOption(
      'source',
      `bounded is ${JSON.stringify(bounded)}: give 'latest', { timestampMs } or { offsets: [{ topic, partition, offset }] }.`,
    );
  }
  const offsets = offsetTable('bounded', bounded.offsets);
  return (partition) => {
    const offset = offsets.get(placeOf(partition));
    if (offset !== undefined) return offset;
    throw wrongOption(
      'source',
      `bounded gives no offset for topic ${partition.topic}, partition ${partition.partition}: name every partition that is read.`,
    );
  };
}

function always(spec: OffsetSpec): PositionOf {
  return () => spec;
}

function simpleStart(
  start: SimpleStart,
  groupId: string | undefined,
  withoutCommitted: Fallback,
): OffsetSpec {
  switch (start) {
    case 'earliest':
      return { kind: 'earliest' };
    case 'latest':
      return { kind: 'end' };
    case 'committed':
      return committedSpec(groupId, withoutCommitted);
    default:
      start satisfies never;
      throw badStart(start);
  }
}

function committedSpec(groupId: string | undefined, fallback: Fallback): OffsetSpec {
  if (groupId === undefined)
    throw wrongOption('source', 'startingOffsets begins where the group stands: it needs a groupId.');
  return { kind: 'committed', groupId, fallback: fallback === 'latest' ? 'end' : fallback };
}

function timestampSpec(option: string, timestampMs: number): OffsetSpec {
  if (Number.isSafeInteger(timestampMs) && timestampMs >= 0) return { kind: 'timestamp', timestampMs };
  throw wrongOption(
    'source',
    `${option} has timestampMs ${timestampMs}: give whole milliseconds since 1970.`,
  );
}

function offsetTable(option: string, offsets: readonly TopicPartitionOffset[]): Map<string, number> {
  const table = new Map<string, number>();
  if (!Array.isArray(offsets))
    throw wrongOption(
      'source',
      `${option} has offsets that are no list: give [{ topic, partition, offset }].`,
    );
  for (const each of offsets as readonly TopicPartitionOffset[]) {
    const isGood = [each?.partition, each?.offset].every((n) => Number.isSafeInteger(n) && n >= 0);
    if (!isGood || table.has(placeOf(each))) {
      throw wrongOption(
        'source',
        `${option} holds the offset ${JSON.stringify(each)}: give { topic, partition, offset } once for a partition, in whole numbers from 0.`,
      );
    }
    table.set(placeOf(each), each.offset);
  }
  return table;
}

function placeOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`;
}

function badStart(start: unknown): MillraceError {
  return wrongOption(
    'source',
    `startingOffsets is ${JSON.stringify(start)}: give 'earliest', 'latest', 'committed', { timestampMs }, { committedOr } or { offsets }.`,
  );
}
