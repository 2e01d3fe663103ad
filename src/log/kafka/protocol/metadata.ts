import { type KafkaRequest, kafkaApis } from './kafka-request.js';
import { WireWriter } from './wire-writer.js';

export interface ClusterMetadata {
  readonly brokers: readonly BrokerMetadata[];
  readonly controllerId: number;
  readonly topics: readonly TopicMetadata[];
}

export interface BrokerMetadata {
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
}

export interface TopicMetadata {
  readonly errorCode: number;
  readonly topic: string;
  /** The brokers' own, such as `__consumer_offsets`. */
  readonly isInternal: boolean;
  readonly partitions: readonly PartitionMetadata[];
}

export interface PartitionMetadata {
  readonly errorCode: number;
  readonly partition: number;
  /** Node id, -1 while there is no leader. */
  readonly leader: number;
}

/** The brokers, and these topics, or all that the client may see; never creates a topic. */
export function metadataRequest(topics: readonly string[] | 'all'): KafkaRequest<ClusterMetadata> {
  return {
    api: kafkaApis.metadata,
    encode: () => {
      const writer = new WireWriter();
      if (topics === 'all') writer.int32(-1);
      else writer.array(topics, (topic) => writer.string(topic));
      return [writer.boolean(false).finish()];
    },
    decode: (body) => {
      body.int32();
      const brokers = body.array(() => {
        const broker = { nodeId: body.int32(), host: body.string(), port: body.int32() };
        body.nullableString();
        return broker;
      });
      body.nullableString();
      const controllerId = body.int32();
      const topicList = body.array(() => {
        const errorCode = body.int16();
        const topic = body.string();
        const isInternal = body.boolean();
        const partitions = body.array(() => {
          const partition = { errorCode: body.int16(), partition: body.int32(), leader: body.int32() };
          body.array(() => body.int32());
          body.array(() => body.int32());
          return partition;
        });
        return { errorCode, topic, isInternal, partitions };
      });
      return { brokers, controllerId, topics: topicList };
    },
  };
}
