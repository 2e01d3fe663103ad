import { wrongOption } from '../api/read-options.js';
import type { LogClient, TopicPartition } from '../log/log-port.js';
import { MillraceError } from '../protocol/failures.js';
import type { SplitId } from '../protocol/ids.js';
import { logSplitId } from './log-split.js';

/** What a log source reads. */
export type TopicSelection =
  | { readonly kind: 'topics'; readonly topics: readonly string[] }
  | { readonly kind: 'pattern'; readonly pattern: RegExp }
  | { readonly kind: 'partitions'; readonly partitions: readonly PinnedPartition[] };

/** A partition that is named by hand, and perhaps the subtask that reads it. */
export interface PinnedPartition extends TopicPartition {
  /** Counts from 0; by default the partition's number. Modulo the parallelism, as ever. */
  readonly subtask?: number;
}

/** A partition to be read, and its place in the assignment: place i goes to subtask i % parallelism. */
export interface SelectedPartition extends TopicPartition {
  readonly index: number;
}

export interface TopicOptions {
  readonly topics?: string | readonly string[] | RegExp | undefined;
  readonly partitions?: readonly PinnedPartition[] | undefined;
}

/** @throws MillraceError when the options name nothing, or the same thing twice. */
export function topicSelection({ topics, partitions }: TopicOptions): TopicSelection {
  if (partitions !== undefined) {
    if (topics !== undefined)
      throw wrongOption('source', 'topics and partitions exclude each other: give one of them.');
    return { kind: 'partitions', partitions: checkedPartitions(partitions) };
  }
  // A pattern with a memory of its last match would find every other topic.
  if (topics instanceof RegExp)
    return { kind: 'pattern', pattern: new RegExp(topics.source, topics.flags.replace(/[gy]/g, '')) };
  // Sorted, so that the order in which a set was written down changes no assignment.
  const names: unknown = typeof topics === 'string' ? [topics] : topics;
  if (Array.isArray(names) && names.length > 0 && names.every(isName))
    return { kind: 'topics', topics: [...new Set(names)].sort() };
  throw wrongOption('source', 'topics names no topic: give at least one name, and no empty one.');
}

/** For the graph's hash. */
export function describeSelection(selection: TopicSelection): string {
  switch (selection.kind) {
    case 'topics':
      return `topics ${selection.topics.join(', ')}`;
    case 'pattern':
      return `topics like ${selection.pattern}`;
    case 'partitions':
      return `partitions ${selection.partitions.map(describePinned).join(', ')}`;
  }
}

/** @throws LogError `unknown-topic`, MillraceError where a pattern or partition finds nothing. */
export async function selectPartitions(
  selection: TopicSelection,
  log: LogClient,
): Promise<readonly SelectedPartition[]> {
  switch (selection.kind) {
    case 'topics':
      return allPartitions(log, selection.topics);
    case 'pattern':
      return allPartitions(log, await matchingTopics(log, selection.pattern));
    case 'partitions': {
      await requirePartitions(log, selection.partitions);
      return selection.partitions.map(({ topic, partition, subtask }) => ({
        topic,
        partition,
        index: subtask ?? partition,
      }));
    }
  }
}

/**
 * Partitions of a topic only ever become more; where one is gone the topic was made anew, with other records
 * at the same offsets.
 * @throws MillraceError naming the partition.
 */
export function requireKnown(existing: readonly TopicPartition[], known: ReadonlySet<SplitId>): void {
  const counts = new Map<string, number>();
  for (const { topic } of existing) counts.set(topic, (counts.get(topic) ?? 0) + 1);
  for (const [topic, count] of counts) {
    // A topic's partitions are numbered without a gap.
    const gone = { topic, partition: count };
    if (!known.has(logSplitId(gone))) continue;
    throw new MillraceError(
      `Topic ${topic} has ${count} partitions now; partition ${count}, which the job reads, is gone. The topic was deleted and made anew: start the job with --fresh, or bring the former topic back.`,
      { domain: 'outside-system', action: 'fail-job' },
    );
  }
}

async function allPartitions(
  log: LogClient,
  topics: readonly string[],
): Promise<readonly SelectedPartition[]> {
  const descriptions = await log.describeTopics(topics);
  return descriptions.flatMap(({ topic, partitions }) =>
    partitions.map((partition) => ({ topic, partition, index: partition })),
  );
}

async function matchingTopics(log: LogClient, pattern: RegExp): Promise<readonly string[]> {
  const names = await log.listTopics();
  const matching = names.filter((name) => pattern.test(name)).sort();
  if (matching.length > 0) return matching;
  throw new MillraceError(
    `No topic is like ${pattern}: the log has ${names.length === 0 ? 'none' : describeSome(names)}. Create one, or correct the pattern.`,
    { domain: 'user-code', action: 'fail-job' },
  );
}

async function requirePartitions(log: LogClient, wanted: readonly TopicPartition[]): Promise<void> {
  const descriptions = await log.describeTopics([...new Set(wanted.map(({ topic }) => topic))]);
  for (const { topic, partition } of wanted) {
    const existing = descriptions.find((each) => each.topic === topic)?.partitions ?? [];
    if (existing.includes(partition)) continue;
    throw new MillraceError(
      `Topic ${topic} has no partition ${partition}: it has ${existing.length}, counted from 0. Correct the source's partitions.`,
      { domain: 'user-code', action: 'fail-job' },
    );
  }
}

function checkedPartitions(partitions: readonly PinnedPartition[]): readonly PinnedPartition[] {
  if (!Array.isArray(partitions) || partitions.length === 0)
    throw wrongOption('source', 'partitions is empty: name at least one.');
  const seen = new Set<string>();
  for (const pinned of partitions) {
    const { topic, partition, subtask } = pinned ?? {};
    if (!isName(topic) || !isCount(partition) || !isCount(subtask ?? 0)) {
      throw wrongOption(
        'source',
        `partitions holds ${JSON.stringify(pinned)}: give { topic, partition } and, if you like, subtask, both counted from 0.`,
      );
    }
    const place = `${topic}-${partition}`;
    if (seen.has(place)) throw wrongOption('source', `partitions names ${place} twice.`);
    seen.add(place);
  }
  return partitions;
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function describePinned({ topic, partition, subtask }: PinnedPartition): string {
  return subtask === undefined ? `${topic}-${partition}` : `${topic}-${partition} at ${subtask}`;
}

const namesShownMax = 10;

function describeSome(names: readonly string[]): string {
  const shown = [...names].sort().slice(0, namesShownMax).join(', ');
  return names.length > namesShownMax ? `${shown} and ${names.length - namesShownMax} more` : shown;
}
