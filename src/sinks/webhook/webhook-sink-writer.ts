import { setMaxListeners } from 'node:events';
import type { CancelTimer } from '../../host/clock.js';
import { sha256Hex } from '../../host/digest.js';
import type { PreparedTransaction } from '../../log/log-transactions.js';
import { MillraceError } from '../../protocol/failures.js';
import type { CheckpointId } from '../../protocol/ids.js';
import { BackpressureHold } from '../backpressure-hold.js';
import type { SinkWriter, SinkWriterContext } from '../sink.js';
import { RejectedRequest, sendRequest, type WebhookRequestSettings } from './webhook-request.js';

/**
 * Sends elements over HTTP, some requests at once. Invariant: a checkpoint is acknowledged only when every
 * element before its barrier was taken by the endpoint, or put aside; what came after is sent again by a restart.
 */
export class WebhookSinkWriter<T> implements SinkWriter<T> {
  private readonly context: SinkWriterContext;
  private readonly settings: WebhookWriterSettings<T>;
  private readonly hold: BackpressureHold;
  private readonly sender: string;
  private readonly abort = new AbortController();
  /** Not full yet. */
  private batch: T[] = [];
  private readonly waiting: (readonly T[])[] = [];
  private elementsWaiting = 0;
  /** Waiting or on their way. */
  private readonly undelivered = new Set<readonly T[]>();
  private inFlight = 0;
  private failure: unknown;
  private wake: (() => void)[] = [];
  private cancelLinger: CancelTimer | undefined;

  constructor(context: SinkWriterContext, settings: WebhookWriterSettings<T>) {
    this.context = context;
    this.settings = settings;
    this.hold = new BackpressureHold(context.availability, context.operatorName);
    // Each request on its way listens twice.
    setMaxListeners(2 * settings.maxInFlight + 1, this.abort.signal);
    this.sender = `Sink "${context.operatorName}" (subtask ${context.subtaskIndex})`;
  }

  write(value: T): void {
    this.batch.push(value);
    this.elementsWaiting += 1;
    if (this.elementsWaiting > elementsWaitingMax) throw this.overdrawn();
    if (this.batch.length >= this.settings.batchSize) this.closeBatch();
    else this.cancelLinger ??= this.context.clock.setTimer(this.settings.lingerMs, () => this.closeBatch());
    this.hold.update(this.isWritable);
  }

  async prepare(checkpointId: CheckpointId): Promise<readonly PreparedTransaction[]> {
    this.closeBatch();
    const own = [...this.undelivered];
    while (own.some((batch) => this.undelivered.has(batch))) {
      if (this.failure !== undefined) throw this.failure;
      await new Promise<void>((resolve) => this.wake.push(resolve));
    }
    return this.settings.deadLetters?.prepare(checkpointId) ?? [];
  }

  notifyCheckpointComplete(checkpointId: CheckpointId): void {
    this.settings.deadLetters?.notifyCheckpointComplete(checkpointId);
  }

  notifyCheckpointAborted(checkpointId: CheckpointId): void {
    this.settings.deadLetters?.notifyCheckpointAborted(checkpointId);
  }

  async close(): Promise<void> {
    this.failure ??= new Error(`${this.sender} was closed.`);
    this.cancelLinger?.();
    this.abort.abort();
    while (this.inFlight > 0) await new Promise<void>((resolve) => this.wake.push(resolve));
    await this.settings.deadLetters?.close();
  }

  private get isWritable(): boolean {
    return this.waiting.length < this.settings.maxInFlight;
  }

  private closeBatch(): void {
    this.cancelLinger?.();
    this.cancelLinger = undefined;
    if (this.batch.length === 0) return;
    this.waiting.push(this.batch);
    this.undelivered.add(this.batch);
    this.batch = [];
    this.sendWaiting();
  }

  private sendWaiting(): void {
    while (this.inFlight < this.settings.maxInFlight && this.failure === undefined) {
      const next = this.waiting.shift();
      if (next === undefined) break;
      this.inFlight += 1;
      this.elementsWaiting -= next.length;
      void this.deliver(next);
    }
    this.hold.update(this.isWritable);
  }

  /** Never rejects. */
  private async deliver(batch: readonly T[]): Promise<void> {
    try {
      await this.send(batch);
      this.undelivered.delete(batch);
    } catch (error) {
      if (this.failure === undefined) {
        this.failure = error;
        this.context.fail(error);
      }
    }
    this.inFlight -= 1;
    for (const wake of this.wake.splice(0)) wake();
    this.sendWaiting();
  }

  private async send(batch: readonly T[]): Promise<void> {
    const { request, body: bodyOf, deadLetters } = this.settings;
    const body = bodyOf(batch);
    const { clock } = this.context;
    const surroundings = { clock, signal: this.abort.signal, sender: this.sender };
    try {
      await sendRequest(request, body, this.idempotencyKeyOf(batch), surroundings);
    } catch (error) {
      if (!(error instanceof RejectedRequest)) throw error;
      if (deadLetters === undefined) throw rejection(error);
      deadLetters.write({ body, reason: error.message, sink: this.context.operatorName }, clock.epochMs());
    }
  }

  private idempotencyKeyOf(batch: readonly T[]): string | undefined {
    const { idempotencyKey } = this.settings;
    if (idempotencyKey === undefined) return undefined;
    const keys = batch.map((element) => idempotencyKey(element));
    return keys.length === 1 ? keys[0] : sha256Hex(JSON.stringify(keys));
  }

  private overdrawn(): MillraceError {
    return new MillraceError(
      `A function before sink "${this.context.operatorName}" emitted more than ${elementsWaitingMax} elements in one call while the endpoint took no more. Return an iterable from flatMap instead of collecting: it is suspended until there is room.`,
      { domain: 'user-code', action: 'fail-job' },
    );
  }
}

function rejection(cause: RejectedRequest): MillraceError {
  return new MillraceError(
    `${cause.message}. Another try would be answered alike: correct the request, or put such elements aside with onRejected: { deadLetter: 'a topic' }.`,
    { domain: 'outside-system', action: 'fail-job', cause },
  );
}

/** A request that the endpoint refused for good. */
export interface RejectedDelivery {
  readonly body: string | Uint8Array;
  readonly reason: string;
  readonly sink: string;
}

export interface WebhookWriterSettings<T> {
  readonly request: WebhookRequestSettings;
  readonly body: (elements: readonly T[]) => string | Uint8Array;
  readonly batchSize: number;
  readonly lingerMs: number;
  readonly maxInFlight: number;
  readonly idempotencyKey: ((element: T) => string) | undefined;
  readonly deadLetters: SinkWriter<RejectedDelivery> | undefined;
}

/** Far beyond what one element's results should be, and still bearable in memory. */
const elementsWaitingMax = 100_000;
