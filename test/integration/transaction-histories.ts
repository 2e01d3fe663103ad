import { fileURLToPath } from 'node:url';
import type { Isolation } from '../../src/log/log-port.js';
import { runJavaProgram } from '../kafka-broker/kafka-tools.js';
import type { SeenRecord } from '../log/collecting-reader.js';

const program = fileURLToPath(new URL('../kafka-broker/java/TransactionHistories.java', import.meta.url));

/** What Java's consumer reads of a partition, and where it ends for it. */
export interface PartitionHistory {
  readonly partition: number;
  readonly end: number;
  readonly records: readonly SeenRecord[];
}

/** Each topic's partitions, in order. */
export type TopicHistories = ReadonlyMap<string, readonly PartitionHistory[]>;

export interface HistoriesToWrite {
  readonly seed: number;
  readonly steps: number;
  /** Between two steps. */
  readonly pauseMs?: number;
}

/** Writes interleaved transactions with Java's producer, where there is something to write, and reads with Java's consumer. */
export async function javaHistories(
  brokers: readonly string[],
  topics: readonly string[],
  toWrite?: HistoriesToWrite,
): Promise<ReadonlyMap<Isolation, TopicHistories>> {
  const { seed = 0, steps = 0, pauseMs = 0 } = toWrite ?? {};
  const args = [brokers.join(','), `${seed}`, `${steps}`, `${pauseMs}`, topics.join(',')];
  const histories = new Map<Isolation, Map<string, MutableHistory[]>>();
  for (const line of await runJavaProgram(program, args)) {
    const [kind, isolation, topic = '', partition, offset, timestamp, key, value = ''] = line.split('\t');
    const ofTopic = topicOf(histories, isolation as Isolation, topic);
    // The ends come first, each partition's once.
    if (kind === 'end') {
      ofTopic[Number(partition)] = { partition: Number(partition), end: Number(offset), records: [] };
      continue;
    }
    ofTopic[Number(partition)]?.records.push({
      partition: Number(partition),
      offset: Number(offset),
      timestamp: Number(timestamp),
      key: key === undefined || key === 'null' ? null : Buffer.from(key, 'hex').toString('utf8'),
      value,
    });
  }
  return histories;
}

type MutableHistory = PartitionHistory & { readonly records: SeenRecord[] };

function topicOf(
  histories: Map<Isolation, Map<string, MutableHistory[]>>,
  isolation: Isolation,
  topic: string,
): MutableHistory[] {
  const topics = histories.get(isolation) ?? new Map<string, MutableHistory[]>();
  histories.set(isolation, topics);
  const ofTopic = topics.get(topic) ?? [];
  topics.set(topic, ofTopic);
  return ofTopic;
}
