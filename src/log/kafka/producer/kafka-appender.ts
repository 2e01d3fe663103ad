import { type AppenderOptions, type LogAppender, LogError, type LogRecord } from '../../log-port.js';
import { answerError } from '../answer-error.js';
import type { KafkaCluster } from '../kafka-cluster.js';
import { errorCode } from '../protocol/error-codes.js';
import { initProducerIdRequest, type ProducerIdentity } from '../protocol/init-producer-id.js';
import type { EncoderPool } from './encoder-pool.js';
import type { ProducerSession } from './producer-session.js';
import { RecordSender } from './record-sender.js';
import { producerForgotten } from './transaction-errors.js';

/** An idempotent appender: what it sends again the log does not keep twice. */
export class KafkaAppender implements LogAppender {
  private readonly sender: RecordSender;
  private readonly onClosed: () => void;

  constructor(cluster: KafkaCluster, encoders: EncoderPool, options: AppenderOptions, onClosed: () => void) {
    this.sender = new RecordSender(cluster, encoders, options, new IdempotentSession(cluster));
    this.onClosed = onClosed;
  }

  get isWritable(): boolean {
    return this.sender.isWritable;
  }

  append(record: LogRecord): void {
    this.sender.append(record);
  }

  flush(): Promise<void> {
    return this.sender.flush();
  }

  /** What is not acknowledged by then may be lost; flush first. */
  async close(): Promise<void> {
    await this.sender.end(
      new LogError('internal', 'The appender was closed before its records were acknowledged.'),
    );
    this.onClosed();
  }
}

class IdempotentSession implements ProducerSession {
  readonly transactionalId = null;
  private readonly cluster: KafkaCluster;

  constructor(cluster: KafkaCluster) {
    this.cluster = cluster;
  }

  identify(): Promise<ProducerIdentity> {
    const what = 'Asking for a producer id';
    return this.cluster.untilDone(what, async () => {
      const answer = await this.cluster.sendToAny(initProducerIdRequest(null, noTransactionTimeoutMs));
      if (answer.errorCode !== errorCode.none) throw answerError(what, answer.errorCode);
      return { kind: 'done', value: answer };
    });
  }

  async admit(): Promise<void> {}

  refused(code: number): LogError {
    return producerForgotten(code);
  }
}

/** Without a transactional id the broker ignores it, but wants it positive. */
const noTransactionTimeoutMs = 60_000;
