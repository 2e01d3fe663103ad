import type { Clock } from '../host/clock.js';
import { readTextFile } from '../host/read-text-file.js';
import { fillEmptyTopic } from '../log/fill-empty-topic.js';
import { type LogClient, LogError } from '../log/log-port.js';

/** A topic that has to be there when the job starts. */
export interface WantedTopic {
  readonly topic: string;
  /** For a topic that does not exist yet. */
  readonly partitions: number;
  /** Its lines are the topic's records, without keys. */
  readonly file: string | undefined;
}

/** `name`, `name:partitions`, `name=file` or `name:partitions=file`. */
export function readWantedTopic(text: string, flag: string): WantedTopic {
  const [, topic, partitions, file] = wantedTopicPattern.exec(text) ?? [];
  if (topic !== undefined) {
    return { topic, partitions: partitions === undefined ? partitionsDefault : Number(partitions), file };
  }
  throw new Error(`${flag} is "${text}": give name, name:partitions, name=file or name:partitions=file`);
}

const wantedTopicPattern = /^([A-Za-z0-9._-]+)(?::(\d+))?(?:=(.+))?$/;
/** As Kafka's `num.partitions`; and a file's lines keep their order. */
const partitionsDefault = 1;

/**
 * Creates the topics that are missing, and fills those that are empty from their files. The embedded log lies in the
 * job's own folder, where no other program could do that.
 * @throws LogError when a topic holds other records than its file, which were neither to be kept nor added to.
 */
export async function createTopics(
  log: LogClient,
  topics: readonly WantedTopic[],
  clock: Clock,
): Promise<void> {
  for (const { topic, partitions, file } of topics) {
    await log.createTopic(topic, partitions);
    if (file !== undefined) await fillFromFile(log, topic, file, clock);
  }
}

async function fillFromFile(log: LogClient, topic: string, file: string, clock: Clock): Promise<void> {
  const lines = linesOf(file);
  const recordOf = (line: string) => ({ partition: undefined, key: null, value: Buffer.from(line) });
  const held = await fillEmptyTopic(log, topic, lines, recordOf, clock);
  if (held === lines.length) return;
  throw new LogError(
    'invalid-configuration',
    `The topic "${topic}" holds ${held} records, and ${file} has ${lines.length} lines. Leave out the file, or take another topic or --state-dir.`,
  );
}

/** Blank lines, as at a file's end, are no records. */
function linesOf(file: string): readonly string[] {
  try {
    return readTextFile(file)
      .split(/\r?\n/)
      .filter((line) => line.trim() !== '');
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new LogError('invalid-configuration', `--create-topic: ${why}.`, { cause: error });
  }
}
