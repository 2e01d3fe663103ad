import type { Clock } from '../host/clock.js';
import { partitionForKey } from '../log/default-partitioner.js';
import type { LogClient } from '../log/log-port.js';
import { readRanges } from '../log/partition-ranges.js';
import { WritableGate } from '../log/writable-gate.js';
import { MillraceError } from '../protocol/failures.js';
import type { EventGenerator } from './event-generator.js';

export interface FillTopicOptions {
  readonly topic: string;
  /** For a topic that does not exist yet. Default 4. */
  readonly partitions?: number;
  /** The topic holds the generator's events 0 … events-1 afterwards. */
  readonly events: number;
  readonly generator: EventGenerator;
  readonly clock: Clock;
  /** Called now and then with the events appended so far. */
  readonly onProgress?: (appended: number) => void;
  /** Ends the filling early; what is there stays, and the next call goes on. */
  readonly signal?: AbortSignal;
}

export interface FillTopicResult {
  readonly alreadyThere: number;
  readonly appended: number;
}

/**
 * Fills a topic with generated events. Killed and called again it goes on where it was, without doubling:
 * a partition holds its events in the order of their making, so that its end offset alone tells which of
 * them are missing. (An appended batch whose answer was lost counts too: it is in the end offset.)
 * @throws MillraceError when the topic holds other records, which a job over generated events would choke on.
 */
export async function fillTopic(log: LogClient, options: FillTopicOptions): Promise<FillTopicResult> {
  const { topic, events, generator } = options;
  await log.createTopic(topic, options.partitions ?? defaultPartitions);
  const description = (await log.describeTopics([topic]))[0]!;
  const routes = new Routes(generator, description.partitions.length);
  const held = await heldEvents(log, topic, description.partitions);
  const heldInAll = held.reduce((sum, count) => sum + count, 0);
  const known =
    heldInAll === events ? locateLastEvents(routes, held, events) : locateHeldEvents(routes, held, events);
  await assertOwnEvents(log, topic, known, generator);

  const alreadyThere = known.reduce((sum, { count }) => sum + count, 0);
  if (alreadyThere === events) return { alreadyThere, appended: 0 };
  const appended = await appendMissing(log, options, routes, known);
  return { alreadyThere, appended };
}

const defaultPartitions = 4;
/** Small against the time between two lines of progress. */
const eventsPerProgress = 5_000;
/** No generated event is larger; see the generator's test. */
const eventBytesMax = 8 * 1024;

/** Which partition an event goes to, and its key as bytes; kept per user. */
class Routes {
  private readonly generator: EventGenerator;
  private readonly partitionCount: number;
  private readonly byUser = new Map<string, Route>();

  constructor(generator: EventGenerator, partitionCount: number) {
    this.generator = generator;
    this.partitionCount = partitionCount;
  }

  at(index: number): Route {
    const userId = this.generator.userIdAt(index);
    let route = this.byUser.get(userId);
    if (route === undefined) {
      const key = Buffer.from(userId);
      route = { key, partition: partitionForKey(key, this.partitionCount) };
      this.byUser.set(userId, route);
    }
    return route;
  }
}

interface Route {
  readonly key: Uint8Array;
  readonly partition: number;
}

/** Of one partition: how many of the wanted events it holds, and the index of the last of them. */
interface KnownEvents {
  count: number;
  lastIndex: number;
}

async function heldEvents(
  log: LogClient,
  topic: string,
  partitions: readonly number[],
): Promise<readonly number[]> {
  const starts = await log.resolveOffsets(
    partitions.map((partition) => ({ topic, partition, spec: { kind: 'earliest' } })),
  );
  if (starts.some((start) => start > 0)) {
    throw unusableTopic(topic, 'has lost its oldest records to its retention');
  }
  return log.resolveOffsets(partitions.map((partition) => ({ topic, partition, spec: { kind: 'end' } })));
}

function locateHeldEvents(routes: Routes, held: readonly number[], events: number): KnownEvents[] {
  const known = held.map((): KnownEvents => ({ count: 0, lastIndex: -1 }));
  if (held.every((count) => count === 0)) return known;
  for (let index = 0; index < events; index++) {
    const { partition } = routes.at(index);
    const ofPartition = known[partition]!;
    if (ofPartition.count >= held[partition]!) continue;
    ofPartition.count += 1;
    ofPartition.lastIndex = index;
  }
  return known;
}

/** The same where every event is there, found from the end: a restart must not wait for a walk over all of them. */
function locateLastEvents(routes: Routes, held: readonly number[], events: number): KnownEvents[] {
  const known = held.map((count): KnownEvents => ({ count, lastIndex: -1 }));
  let missing = known.filter(({ count }) => count > 0).length;
  for (let index = events - 1; index >= 0 && missing > 0; index--) {
    const ofPartition = known[routes.at(index).partition]!;
    if (ofPartition.lastIndex >= 0 || ofPartition.count === 0) continue;
    ofPartition.lastIndex = index;
    missing -= 1;
  }
  return known;
}

/** One record a partition is enough: another seed, another job's records or a foreign order would show in it. */
async function assertOwnEvents(
  log: LogClient,
  topic: string,
  known: readonly KnownEvents[],
  generator: EventGenerator,
): Promise<void> {
  const ranges = known.map(({ count }, partition) => ({ topic, partition, from: count - 1, to: count }));
  await readRanges(
    log,
    ranges.filter(({ to }) => to > 0),
    ({ bytes, valueStart, valueEnd, partition }) => {
      const { lastIndex } = known[partition]!;
      // Nothing of the generator's goes to this partition.
      if (lastIndex < 0) throw unusableTopic(topic, 'holds records that this generator did not write');
      const expected = Buffer.from(JSON.stringify(generator.eventAt(lastIndex)));
      const isOwn = valueStart >= 0 && bytes.subarray(valueStart, valueEnd).equals(expected);
      if (!isOwn) throw unusableTopic(topic, 'holds records that this generator did not write');
    },
  );
}

async function appendMissing(
  log: LogClient,
  options: FillTopicOptions,
  routes: Routes,
  known: readonly KnownEvents[],
): Promise<number> {
  const { topic, events, generator, clock, onProgress, signal } = options;
  const gate = new WritableGate(log);
  const value = new Uint8Array(eventBytesMax);
  const encoder = new TextEncoder();
  let appended = 0;
  try {
    for (let index = 0; index < events; index++) {
      const { key, partition } = routes.at(index);
      if (index <= known[partition]!.lastIndex) continue;
      const { written } = encoder.encodeInto(JSON.stringify(generator.eventAt(index)), value);
      // The time of writing, as a tracking script's would be: with the event's own, years old, a broker's
      // retention would delete the records at once.
      const timestamp = clock.epochMs();
      gate.appender.append({ topic, partition, key, value: value.subarray(0, written), timestamp });
      appended += 1;
      if (appended % eventsPerProgress === 0) onProgress?.(appended);
      if (!gate.appender.isWritable) {
        await gate.writable();
        if (signal?.aborted === true) break;
      }
    }
    await gate.appender.flush();
    gate.assertHealthy();
    onProgress?.(appended);
    return appended;
  } finally {
    await gate.appender.close();
  }
}

function unusableTopic(topic: string, why: string): MillraceError {
  return new MillraceError(
    `The topic "${topic}" can't be filled with generated events: it ${why}. Delete the topic, or leave out --generate.`,
    { domain: 'outside-system', action: 'fail-job' },
  );
}
