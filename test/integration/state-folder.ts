import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { CheckpointMetadata } from '../../src/checkpoint/checkpoint-metadata.js';
import type { LogRecord } from '../../src/log/log-port.js';
import { rangesOfTopic, readRanges } from '../../src/log/partition-ranges.js';
import type { SourceSplit } from '../../src/sources/source.js';
import { sleep } from '../log/collecting-reader.js';
import { withLog } from '../log/embedded/log-folder.js';

/** A state folder for one test, removed at its end, and the embedded log in it. */
export class StateFolder {
  readonly path: string;
  /** A folder around it, for what is no business of Millrace's. */
  readonly outside: string;
  /** A file that a job may leave there to know that it has been there before. */
  readonly marker: string;
  private readonly logPath: string;

  /** @param path where the state is to lie, if not in a folder of its own. */
  constructor(path?: string) {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-integration-'));
    this.outside = folder;
    this.path = path ?? join(folder, 'state');
    this.marker = join(folder, 'marker');
    this.logPath = join(this.path, 'log');
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  }

  /** Creates topics, by name with their number of partitions. Only while no process runs on the folder. */
  async createTopics(topics: Readonly<Record<string, number>>): Promise<void> {
    await withLog(this.logPath, async (client) => {
      for (const [topic, partitions] of Object.entries(topics)) await client.createTopic(topic, partitions);
    });
  }

  /** Appends records in their order. */
  async append(records: Iterable<LogRecord>): Promise<void> {
    await withLog(this.logPath, async (client) => {
      let wake = (): void => {};
      const appender = client.openAppender({
        bufferBytes: appenderBufferBytes,
        onWritable: () => wake(),
        onError: () => wake(),
      });
      for (const record of records) {
        appender.append(record);
        if (appender.isWritable) continue;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      await appender.flush();
      await appender.close();
    });
  }

  /** The metadata of the newest complete checkpoint; undefined before checkpoint 0. */
  newestCheckpoint(): CheckpointMetadata | undefined {
    try {
      const names = readdirSync(join(this.path, 'checkpoints')).filter((name) => name.endsWith('.json'));
      const newest = names.sort((a, b) => idOf(b) - idOf(a))[0];
      if (newest === undefined) return undefined;
      const text = readFileSync(join(this.path, 'checkpoints', newest), 'utf8');
      return JSON.parse(text.slice(text.indexOf('\n') + 1)) as CheckpointMetadata;
    } catch {
      // The process has not made the folder yet, or has just replaced the checkpoint by a newer one.
      return undefined;
    }
  }

  /** The positions of a source in the newest checkpoint, added up over its splits. */
  positions(sourceUid: string): number {
    const subtasks = this.newestCheckpoint()?.subtasks ?? [];
    return subtasks
      .filter((subtask) => subtask.operatorUid === sourceUid)
      .flatMap((subtask) => (subtask.snapshot.listState ?? []) as unknown as SourceSplit[])
      .reduce((sum, split) => sum + (split.state as { readonly position: number }).position, 0);
  }

  /** Until the job has left its marker. */
  async untilMarked(): Promise<void> {
    while (!existsSync(this.marker)) await sleep(20);
  }

  /** Every committed record of a topic, by partition and offset, its value read as JSON. */
  async readTopic<T>(topic: string): Promise<T[]> {
    return withLog(this.logPath, async (client) => {
      const byPartition = new Map<number, T[]>();
      await readRanges(client, await rangesOfTopic(client, topic), (batch) => {
        const values = byPartition.get(batch.partition) ?? [];
        byPartition.set(batch.partition, values);
        values.push(JSON.parse(batch.bytes.toString('utf8', batch.valueStart, batch.valueEnd)) as T);
      });
      return [...byPartition.values()].flat();
    });
  }
}

const idOf = (name: string): number => Number(/\d+/.exec(name)?.[0] ?? -1);

const appenderBufferBytes = 8 * 1024 * 1024;
