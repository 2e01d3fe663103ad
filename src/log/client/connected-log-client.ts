import type {
  AppenderOptions,
  Isolation,
  LogAppender,
  LogClient,
  LogReader,
  OffsetRequest,
  ReaderOptions,
  TopicDescription,
  TopicPartitionOffset,
} from '../log-port.js';
import type { LogTransactions } from '../log-transactions.js';
import { BatchingAppender } from './batching-appender.js';
import { ConnectedTransactions } from './connected-transactions.js';
import type { LogConnection } from './log-connection.js';
import { PrefetchingReader } from './prefetching-reader.js';

/** The log port on a connection; what the embedded and the in-memory log share. */
export class ConnectedLogClient implements LogClient {
  readonly transactions: LogTransactions;
  private readonly connection: LogConnection;
  private readonly readers = new Set<PrefetchingReader>();
  private readonly appenders = new Set<BatchingAppender>();
  private nextReaderId = 1;

  constructor(connection: LogConnection) {
    this.connection = connection;
    this.transactions = new ConnectedTransactions(connection, this.appenders);
  }

  describeTopics(topics: readonly string[]): Promise<readonly TopicDescription[]> {
    return this.connection.request({ kind: 'describe-topics', topics });
  }

  listTopics(): Promise<readonly string[]> {
    return this.connection.request({ kind: 'list-topics' });
  }

  async createTopic(topic: string, partitions: number): Promise<void> {
    await this.connection.request({ kind: 'create-topic', topic, partitions });
  }

  resolveOffsets(
    requests: readonly OffsetRequest[],
    isolation: Isolation = 'read_committed',
  ): Promise<readonly number[]> {
    return this.connection.request({ kind: 'resolve-offsets', requests, isolation });
  }

  openReader(options: ReaderOptions): LogReader {
    const reader = new PrefetchingReader(this.connection, this.nextReaderId++, options, () =>
      this.readers.delete(reader),
    );
    this.readers.add(reader);
    return reader;
  }

  openAppender(options: AppenderOptions): LogAppender {
    const appender = new BatchingAppender(this.connection, options, undefined, () =>
      this.appenders.delete(appender),
    );
    this.appenders.add(appender);
    return appender;
  }

  async commitOffsets(groupId: string, offsets: readonly TopicPartitionOffset[]): Promise<void> {
    await this.connection.request({ kind: 'commit-offsets', groupId, offsets });
  }

  async close(): Promise<void> {
    for (const reader of this.readers) reader.stop();
    for (const appender of this.appenders) appender.stop();
    this.readers.clear();
    this.appenders.clear();
    await this.connection.close();
  }
}
