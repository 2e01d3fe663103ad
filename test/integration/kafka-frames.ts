import { kafkaApis } from '../../src/log/kafka/protocol/kafka-request.js';
import { WireReader } from '../../src/log/kafka/protocol/wire-reader.js';
import type { PreparedTransaction } from '../../src/log/log-transactions.js';

/** One message of Kafka's protocol as it came: `body` is `bytes` without the length in front. */
export interface KafkaFrame {
  readonly bytes: Buffer;
  readonly body: Buffer;
}

/** Cuts a byte stream into the messages in it. */
export class KafkaFrames {
  private readonly onFrame: (frame: KafkaFrame) => void;
  private chunks: Buffer[] = [];
  private byteLength = 0;

  constructor(onFrame: (frame: KafkaFrame) => void) {
    this.onFrame = onFrame;
  }

  push(chunk: Buffer): void {
    this.chunks.push(chunk);
    this.byteLength += chunk.length;
    for (;;) {
      const needed = this.neededBytes();
      if (this.byteLength < needed) return;
      const all = Buffer.concat(this.chunks);
      this.chunks = [all.subarray(needed)];
      this.byteLength = all.length - needed;
      this.onFrame({ bytes: all.subarray(0, needed), body: all.subarray(lengthBytes, needed) });
    }
  }

  /** Of the message at the front, its length included. */
  private neededBytes(): number {
    if (this.byteLength < lengthBytes) return lengthBytes;
    if ((this.chunks[0] as Buffer).length < lengthBytes) this.chunks = [Buffer.concat(this.chunks)];
    return lengthBytes + (this.chunks[0] as Buffer).readInt32BE(0);
  }
}

/** What a request says of transactions; other requests have their header only. */
export interface ProxiedRequest {
  /** Undefined for those that the product leaves to kafkajs. */
  readonly api: KafkaApiName | undefined;
  readonly apiKey: number;
  readonly correlationId: number;
  readonly clientId: string | null;
  /** Without the length in front. */
  readonly byteLength: number;
  /** Of a Fetch; undefined for others. */
  readonly fetch: FetchBounds | undefined;
  /** Of Produce, AddPartitionsToTxn, InitProducerId, EndTxn; null where they belong to no transaction. */
  readonly transactionalId: string | null;
  /** Of an EndTxn that commits: what it commits. */
  readonly commits: PreparedTransaction | undefined;
}

/** How much a fetch asks for, and how patiently. */
export interface FetchBounds {
  readonly maxWaitMs: number;
  readonly minBytes: number;
  readonly maxBytes: number;
  /** Of each partition. */
  readonly partitionBytes: readonly number[];
}

export type KafkaApiName = (typeof kafkaApis)[keyof typeof kafkaApis]['name'];

export function readRequest({ body }: KafkaFrame): ProxiedRequest {
  const reader = new WireReader(body);
  const key = reader.int16();
  const api = Object.values(kafkaApis).find((each) => each.key === key)?.name;
  reader.int16();
  const correlationId = reader.int32();
  const clientId = reader.nullableString();
  const header = {
    api,
    apiKey: key,
    correlationId,
    clientId,
    byteLength: body.length,
    fetch: undefined,
    transactionalId: null,
    commits: undefined,
  };
  switch (api) {
    case 'Fetch':
      return { ...header, fetch: readFetchBounds(reader) };
    case 'Produce':
    case 'AddPartitionsToTxn':
      return { ...header, transactionalId: reader.nullableString() };
    case 'InitProducerId':
      reader.skipTaggedFields();
      return { ...header, transactionalId: readCompactString(reader) };
    case 'EndTxn': {
      const transactionalId = reader.string();
      const prepared = {
        transactionalId,
        producerId: reader.int64().toString(),
        producerEpoch: reader.int16(),
      };
      return { ...header, transactionalId, commits: reader.boolean() ? prepared : undefined };
    }
    default:
      return header;
  }
}

const lengthBytes = 4;

function readFetchBounds(reader: WireReader): FetchBounds {
  // The replica's id, of which clients have none.
  reader.int32();
  const [maxWaitMs, minBytes, maxBytes] = [reader.int32(), reader.int32(), reader.int32()];
  // Isolation, and the session's id and epoch.
  reader.int8();
  reader.int32();
  reader.int32();
  const partitionBytes = reader.array(() => {
    reader.string();
    return reader.array(() => {
      // Partition, leader epoch, position and log start.
      reader.int32();
      reader.int32();
      reader.int64();
      reader.int64();
      return reader.int32();
    });
  });
  return { maxWaitMs, minBytes, maxBytes, partitionBytes: partitionBytes.flat() };
}

/** Shorter than 127 bytes, so that its length (plus one; zero is null) is one byte. */
function readCompactString(reader: WireReader): string | null {
  const byteLength = reader.int8() - 1;
  if (byteLength < 0) return null;
  return Buffer.from(Array.from({ length: byteLength }, () => reader.int8())).toString('utf8');
}
