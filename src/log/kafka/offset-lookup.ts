import type { Isolation, OffsetRequest, TopicPartition, TopicPartitionOffset } from '../log-port.js';
import { noCommittedOffset } from '../no-committed-offset.js';
import { answerError } from './answer-error.js';
import type { KafkaCluster } from './kafka-cluster.js';
import { errorCode } from './protocol/error-codes.js';
import { listOffsetsRequest, type OffsetLookup, offsetLookupTime } from './protocol/list-offsets.js';
import { offsetCommitRequest } from './protocol/offset-commit.js';
import { offsetFetchRequest } from './protocol/offset-fetch.js';
import { describeTopics } from './topic-administration.js';

/** Resolves each request to an offset, in order. @throws LogError */
export async function resolveOffsets(
  cluster: KafkaCluster,
  requests: readonly OffsetRequest[],
  isolation: Isolation,
): Promise<readonly number[]> {
  if (requests.length === 0) return [];
  await describeTopics(cluster, [...new Set(requests.map((request) => request.topic))]);
  const committed = await committedOffsets(cluster, requests);
  const lookups = requests.map((request, i) => committed[i] ?? lookupFor(request));
  const found = await listOffsets(cluster, lookups.filter(isLookup), isolation);
  // No record that late: the answer is the end, which is asked for afterwards, since it moves.
  const late = found.filter((result) => result.offset < 0);
  const ends = await listOffsets(
    cluster,
    late.map((result) => ({ ...result, timestamp: offsetLookupTime.end })),
    isolation,
  );
  let nextFound = 0;
  let nextEnd = 0;
  return lookups.map((lookup) => {
    if (!isLookup(lookup)) return lookup;
    const offset = found[nextFound++]?.offset ?? -1;
    return offset >= 0 ? offset : (ends[nextEnd++]?.offset ?? 0);
  });
}

/** For people and lag tools; the group must have no members. @throws LogError */
export async function commitOffsets(
  cluster: KafkaCluster,
  groupId: string,
  offsets: readonly TopicPartitionOffset[],
): Promise<void> {
  if (offsets.length === 0) return;
  const what = `Committing offsets of group ${groupId}`;
  await cluster.untilDone(what, async () => {
    const results = await cluster.sendToCoordinator('group', groupId, offsetCommitRequest(groupId, offsets));
    for (const result of results) {
      if (result.errorCode === errorCode.none) continue;
      cluster.forgetCoordinator('group', groupId);
      throw answerError(`${what} (topic ${result.topic}, partition ${result.partition})`, result.errorCode);
    }
    return { kind: 'done', value: undefined };
  });
}

function isLookup(lookup: OffsetLookup | number): lookup is OffsetLookup {
  return typeof lookup !== 'number';
}

function lookupFor(request: OffsetRequest): OffsetLookup {
  const { topic, partition, spec } = request;
  switch (spec.kind) {
    case 'earliest':
      return { topic, partition, timestamp: offsetLookupTime.earliest };
    case 'end':
      return { topic, partition, timestamp: offsetLookupTime.end };
    case 'timestamp':
      return { topic, partition, timestamp: spec.timestampMs };
    case 'committed':
      if (spec.fallback === 'fail') throw noCommittedOffset(spec.groupId, request);
      return { topic, partition, timestamp: offsetLookupTime[spec.fallback] };
    default:
      return spec satisfies never;
  }
}

/** The committed offset of each request that asks for it and whose group has one. */
async function committedOffsets(
  cluster: KafkaCluster,
  requests: readonly OffsetRequest[],
): Promise<readonly (number | undefined)[]> {
  const groups = new Map<string, TopicPartition[]>();
  for (const { topic, partition, spec } of requests) {
    if (spec.kind !== 'committed') continue;
    groups.set(spec.groupId, [...(groups.get(spec.groupId) ?? []), { topic, partition }]);
  }
  const offsets = new Map<string, number>();
  for (const [groupId, partitions] of groups) {
    for (const { topic, partition, offset } of await fetchGroup(cluster, groupId, partitions)) {
      if (offset >= 0) offsets.set(`${groupId}/${topic}/${partition}`, offset);
    }
  }
  return requests.map(({ topic, partition, spec }) =>
    spec.kind === 'committed' ? offsets.get(`${spec.groupId}/${topic}/${partition}`) : undefined,
  );
}

function fetchGroup(
  cluster: KafkaCluster,
  groupId: string,
  partitions: readonly TopicPartition[],
): Promise<readonly TopicPartitionOffset[]> {
  const what = `Reading the committed offsets of group ${groupId}`;
  return cluster.untilDone(what, async () => {
    const request = offsetFetchRequest(groupId, partitions);
    const answer = await cluster.sendToCoordinator('group', groupId, request);
    const failed = [answer, ...answer.partitions].find((part) => part.errorCode !== errorCode.none);
    if (failed !== undefined) {
      cluster.forgetCoordinator('group', groupId);
      throw answerError(what, failed.errorCode);
    }
    return { kind: 'done', value: answer.partitions };
  });
}

/** In the lookups' order. */
async function listOffsets(
  cluster: KafkaCluster,
  lookups: readonly OffsetLookup[],
  isolation: Isolation,
): Promise<readonly TopicPartitionOffset[]> {
  const offsets: TopicPartitionOffset[] = new Array(lookups.length);
  let missing = lookups.map((lookup, index) => ({ ...lookup, index }));
  if (missing.length === 0) return offsets;
  const what = `Looking up offsets of ${[...new Set(lookups.map((lookup) => lookup.topic))].join(', ')}`;
  return cluster.untilDone(what, async (attempt) => {
    if (attempt > 0) await cluster.refreshMetadata();
    let why = 'partitions have no leader';
    for (const [leader, ofLeader] of byLeader(cluster, missing)) {
      // One request can't ask twice about one partition, but the requests may.
      for (const round of withoutRepetition(ofLeader)) {
        const results = await cluster.send(leader, 'control', listOffsetsRequest(round, isolation));
        for (const { topic, partition, errorCode: code, offset } of results) {
          const lookup = round.find((l) => l.topic === topic && l.partition === partition);
          if (lookup === undefined) continue;
          if (code === errorCode.none) offsets[lookup.index] = { topic, partition, offset };
          else {
            const error = answerError(`${what} (partition ${partition})`, code);
            if (error.name === 'LogError') throw error;
            why = error.message;
          }
        }
      }
    }
    missing = missing.filter((lookup) => offsets[lookup.index] === undefined);
    if (missing.length === 0) return { kind: 'done', value: offsets };
    return { kind: 'again', why };
  });
}

function byLeader<T extends TopicPartition>(cluster: KafkaCluster, items: readonly T[]): Map<number, T[]> {
  const groups = new Map<number, T[]>();
  for (const item of items) {
    const leader = cluster.leaderOf(item.topic, item.partition);
    if (leader === undefined) continue;
    const group = groups.get(leader);
    if (group === undefined) groups.set(leader, [item]);
    else group.push(item);
  }
  return groups;
}

function withoutRepetition<T extends TopicPartition>(items: readonly T[]): T[][] {
  const rounds: { seen: Set<string>; items: T[] }[] = [];
  for (const item of items) {
    const key = `${item.topic}/${item.partition}`;
    let round = rounds.find((r) => !r.seen.has(key));
    if (round === undefined) {
      round = { seen: new Set(), items: [] };
      rounds.push(round);
    }
    round.seen.add(key);
    round.items.push(item);
  }
  return rounds.map((round) => round.items);
}
