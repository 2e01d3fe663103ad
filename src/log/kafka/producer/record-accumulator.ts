import type { Random } from '../../../host/random.js';
import { LogError, type LogRecord, type RecordPartitioner } from '../../log-port.js';
import { recordByteLengthMax } from '../../record-batch/record-batch-encoder.js';
import type { EncoderPool } from './encoder-pool.js';
import { FlushTracker } from './flush-tracker.js';
import { PartitionQueue } from './partition-queue.js';
import type { PendingBatch } from './pending-batch.js';
import { TopicRoute } from './topic-route.js';

export interface AccumulatorOptions {
  readonly bufferBytes: number;
  readonly batchBytes: number;
  readonly lingerMs: number;
  /** A larger record is an error. */
  readonly recordBytesMax: number;
  readonly random: Random;
  readonly encoders: EncoderPool;
  readonly partitioner: RecordPartitioner | undefined;
  readonly onWritable: () => void;
  /** Undefined until it is known. */
  readonly partitionCount: (topic: string) => number | undefined;
}

/** The records of one sender from `append` to their acknowledgement. Sends nothing itself. */
export class RecordAccumulator {
  private readonly options: AccumulatorOptions;
  private readonly routes = new Map<string, TopicRoute>();
  private readonly queues: PartitionQueue[] = [];
  private readonly tracker = new FlushTracker();
  private bufferedBytes = 0;

  constructor(options: AccumulatorOptions) {
    this.options = options;
  }

  get isWritable(): boolean {
    return this.bufferedBytes < this.options.bufferBytes;
  }

  /** Whether something is to be done at once: send a batch, or learn the topic's partitions. @throws LogError */
  append(record: LogRecord, nowMs: number): boolean {
    const bytes = recordByteLengthMax(record.key, record.value, record.headers);
    const { recordBytesMax } = this.options;
    if (bytes > recordBytesMax)
      throw recordTooLarge(record, `no record may have more than ${recordBytesMax} bytes (requestBytes)`);
    let route = this.routes.get(record.topic);
    if (route === undefined) {
      route = new TopicRoute(this.options.partitioner);
      this.routes.set(record.topic, route);
    }
    this.tracker.appended();
    this.bufferedBytes += bytes;
    const partitionCount = this.options.partitionCount(record.topic);
    if (partitionCount !== undefined && route.unrouted.length === 0) {
      const queue = this.enqueue(route, record, this.tracker.epoch, partitionCount, nowMs);
      return queue.isDue(nowMs, this.options.lingerMs, this.options.batchBytes);
    }
    route.unrouted.push({ record: copyOf(record), epoch: this.tracker.epoch });
    return true;
  }

  /** Routes the records whose topics are known by now; answers the topics that are not. @throws LogError */
  routeWaiting(nowMs: number): readonly string[] {
    const unknown: string[] = [];
    for (const [topic, route] of this.routes) {
      if (route.unrouted.length === 0) continue;
      const partitionCount = this.options.partitionCount(topic);
      if (partitionCount === undefined) unknown.push(topic);
      else {
        for (const { record, epoch } of route.unrouted)
          this.enqueue(route, record, epoch, partitionCount, nowMs);
        route.unrouted.length = 0;
      }
    }
    return unknown;
  }

  dueQueues(nowMs: number): readonly PartitionQueue[] {
    const { lingerMs, batchBytes } = this.options;
    return this.queues.filter((queue) => queue.isDue(nowMs, lingerMs, batchBytes));
  }

  /** Whether a batch waits only for its linger time. */
  get isLingering(): boolean {
    return this.queues.some(
      (queue) => queue.underWay === undefined && !queue.isPaused && queue.waitingSinceMs !== undefined,
    );
  }

  take(queue: PartitionQueue): PendingBatch | undefined {
    this.routes.get(queue.topic)?.unstick(queue.partition);
    return queue.take();
  }

  acknowledged(queue: PartitionQueue, batch: PendingBatch): void {
    const wasWritable = this.isWritable;
    this.bufferedBytes -= batch.bufferedBytes;
    this.tracker.acknowledged(batch.epoch, batch.recordCount);
    queue.acknowledged();
    if (!wasWritable && this.isWritable) this.options.onWritable();
  }

  /** Resolves when everything appended so far is acknowledged; its batches wait for nothing more. */
  flush(): Promise<void> {
    for (const queue of this.queues) queue.seal();
    return this.tracker.flush();
  }

  /** Nothing will be acknowledged any more: flushes are rejected. */
  fail(error: Error): void {
    this.tracker.fail(error);
  }

  private enqueue(
    route: TopicRoute,
    record: LogRecord,
    epoch: number,
    partitionCount: number,
    nowMs: number,
  ): PartitionQueue {
    const partition = route.partitionFor(record, partitionCount, this.options.random);
    if (partition < 0 || partition >= partitionCount) {
      throw new LogError(
        'invalid-configuration',
        `A record was appended to partition ${partition} of topic ${record.topic}, which has ${partitionCount}.`,
      );
    }
    let queue = route.queues.get(partition);
    if (queue === undefined) {
      queue = new PartitionQueue(record.topic, partition, this.options.encoders);
      route.queues.set(partition, queue);
      this.queues.push(queue);
    }
    queue.append(record, epoch, nowMs, this.options.batchBytes);
    return queue;
  }
}

/** @returns LogError `record-too-large`, naming size and key. */
export function recordTooLarge(record: LogRecord, limit: string): LogError {
  const keyText = record.key === null ? 'without a key' : `with key '${textOf(record.key)}'`;
  const bytes = recordByteLengthMax(record.key, record.value, record.headers);
  return new LogError(
    'record-too-large',
    `A record ${keyText} for topic ${record.topic} is too large, about ${bytes} bytes: ${limit}. ` +
      "Make it smaller, or raise the topic's max.message.bytes (and the broker's message.max.bytes).",
  );
}

const keyCharsShownMax = 100;

function textOf(key: Uint8Array): string {
  const text = Buffer.from(key).toString('utf8');
  return text.length <= keyCharsShownMax ? text : `${text.slice(0, keyCharsShownMax)}…`;
}

/** The caller may reuse its bytes once `append` has returned. */
function copyOf(record: LogRecord): LogRecord {
  const copy = (bytes: Uint8Array | null): Uint8Array | null => bytes && new Uint8Array(bytes);
  return {
    ...record,
    key: copy(record.key),
    value: copy(record.value),
    ...(record.headers && { headers: record.headers.map((h) => ({ key: h.key, value: copy(h.value) })) }),
  };
}
