import type { LogBatch, LogReader, ReaderOptions, TopicPartition } from '../../src/log/log-port.js';
import { RecordBatchCursor } from '../../src/log/record-batch/record-batch-cursor.js';
import { anonymousProducer, RecordBatchEncoder } from '../../src/log/record-batch/record-batch-encoder.js';

/** One partition's batches, as a fetch would return them, and the log's end. */
export interface ScriptedPartition extends TopicPartition {
  readonly batches: readonly ScriptedBatch[];
  readonly endOffset: number;
}

export interface ScriptedBatch {
  readonly baseOffset: number;
  readonly values: readonly (string | Uint8Array | null)[];
  readonly keys?: readonly (string | null)[];
}

/** A reader that has everything fetched already, over real record batches, so that a test decides what comes when. */
export class ScriptedLogReader implements LogReader {
  releasedBatches = 0;
  polledBatches = 0;
  isClosed = false;
  readonly options: ReaderOptions;
  private readonly script: readonly ScriptedPartition[];
  private readonly queue: LogBatch[] = [];
  private readonly added: TopicPartition[] = [];

  constructor(script: readonly ScriptedPartition[], options: ReaderOptions) {
    this.script = script;
    this.options = options;
  }

  addPartition(
    { topic, partition }: TopicPartition,
    position: number,
    stopPosition: number | undefined,
  ): void {
    const scripted = this.partition({ topic, partition });
    this.added.push({ topic, partition });
    for (const batch of scripted.batches) {
      if (batch.baseOffset + batch.values.length <= position) continue;
      if (stopPosition !== undefined && batch.baseOffset >= stopPosition) continue;
      this.queue.push(
        new RecordBatchCursor({
          topic,
          partition,
          bytes: encode(batch),
          position,
          stopPosition,
          onRelease: () => {
            this.releasedBatches += 1;
          },
        }),
      );
    }
  }

  poll(): LogBatch | undefined {
    const batch = this.queue.shift();
    if (batch !== undefined) this.polledBatches += 1;
    return batch;
  }

  endOffset(partition: TopicPartition): number | undefined {
    const isAdded = this.added.some(
      (each) => each.topic === partition.topic && each.partition === partition.partition,
    );
    return isAdded ? this.partition(partition).endOffset : undefined;
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }

  private partition({ topic, partition }: TopicPartition): ScriptedPartition {
    const found = this.script.find((each) => each.topic === topic && each.partition === partition);
    if (found === undefined) throw new Error(`The script has no ${topic}-${partition}.`);
    return found;
  }
}

function encode(batch: ScriptedBatch): Buffer {
  const encoder = new RecordBatchEncoder();
  batch.values.forEach((value, i) => {
    const key = batch.keys?.[i] ?? null;
    const timestamp = 1_000 + batch.baseOffset + i;
    encoder.append(
      key === null ? null : Buffer.from(key),
      typeof value === 'string' ? Buffer.from(value) : value,
      timestamp,
    );
  });
  return Buffer.from(encoder.finish({ ...anonymousProducer, baseOffset: batch.baseOffset }));
}
