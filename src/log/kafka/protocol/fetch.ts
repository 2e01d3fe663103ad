import type { Isolation, TopicPartition } from '../../log-port.js';
import type { AbortedTransaction } from '../../record-batch/aborted-transactions.js';
import { readByTopic, writeByTopic } from './by-topic.js';
import { isolationLevels } from './isolation-levels.js';
import { type KafkaRequest, kafkaApis } from './kafka-request.js';
import { WireWriter } from './wire-writer.js';

export interface FetchPartition extends TopicPartition {
  readonly position: number;
  /** The broker may pass it by one batch, or no batch could ever be larger. */
  readonly maxBytes: number;
}

export interface FetchOptions {
  /** The broker may hold the request until it can return so much, … */
  readonly minBytes: number;
  /** … but no longer than this. */
  readonly maxWaitMs: number;
  readonly maxBytes: number;
  readonly isolation: Isolation;
}

export interface FetchedPartition extends TopicPartition {
  readonly errorCode: number;
  /** The end of what is written and replicated. */
  readonly highWatermark: number;
  /** The end of what is committed; -1 in an answer to `read_uncommitted`. */
  readonly lastStableOffset: number;
  readonly logStartOffset: number;
  readonly abortedTransactions: readonly AbortedTransaction[];
  /** Record batches, the last perhaps cut off; a view of the answer. */
  readonly records: Buffer;
}

/** Without fetch sessions, since each request names what it wants. */
export function fetchRequest(
  partitions: readonly FetchPartition[],
  options: FetchOptions,
): KafkaRequest<readonly FetchedPartition[]> {
  return {
    api: kafkaApis.fetch,
    encode: () => {
      const writer = new WireWriter(512);
      writer.int32(noReplica).int32(options.maxWaitMs).int32(options.minBytes).int32(options.maxBytes);
      writer.int8(isolationLevels[options.isolation]).int32(noSession).int32(finalSessionEpoch);
      writeByTopic(writer, partitions, (p) =>
        writer
          .int32(p.partition)
          .int32(unknownLeaderEpoch)
          .int64(p.position)
          .int64(noFollowerLogStart)
          .int32(p.maxBytes),
      );
      const noForgottenTopics: readonly never[] = [];
      return [
        writer
          .array(noForgottenTopics, () => {})
          .string(noRack)
          .finish(),
      ];
    },
    decode: (body) => {
      body.int32();
      const sessionErrorCode = body.int16();
      body.int32();
      const fetched = readByTopic(body, (topic): FetchedPartition => {
        const partition = body.int32();
        const errorCode = body.int16();
        const highWatermark = body.int64AsNumber();
        const lastStableOffset = body.int64AsNumber();
        const logStartOffset = body.int64AsNumber();
        const abortedTransactions = body.array(() => ({
          producerId: body.int64AsNumber(),
          firstOffset: body.int64AsNumber(),
        }));
        body.int32();
        const records = body.byteField();
        return {
          topic,
          partition,
          errorCode,
          highWatermark,
          lastStableOffset,
          logStartOffset,
          abortedTransactions,
          records,
        };
      });
      if (sessionErrorCode !== 0) {
        const nothing = {
          highWatermark: -1,
          lastStableOffset: -1,
          logStartOffset: -1,
          abortedTransactions: [],
          records: Buffer.alloc(0),
        };
        return partitions.map(({ topic, partition }) => ({
          topic,
          partition,
          errorCode: sessionErrorCode,
          ...nothing,
        }));
      }
      return fetched;
    },
  };
}

const noReplica = -1;
const noSession = 0;
const finalSessionEpoch = -1;
const unknownLeaderEpoch = -1;
const noFollowerLogStart = -1;
const noRack = '';
