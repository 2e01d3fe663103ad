import { type Duration, durationMs } from '../../api/duration.js';
import { refuseUnknownOptions } from '../../api/option-names.js';
import { MillraceError } from '../../protocol/failures.js';
import { logSink } from '../log-sink.js';
import type { Sink } from '../sink.js';
import { type RejectedDelivery, WebhookSinkWriter } from './webhook-sink-writer.js';

export interface WebhookSinkOptions<T> {
  readonly url: string | URL;
  /** `'POST'` by default. */
  readonly method?: 'POST' | 'PUT' | 'PATCH';
  /** `content-type: application/json` by default. */
  readonly headers?: Readonly<Record<string, string>>;
  /** A request's body; by default the element as JSON, or with a `batchSize` above 1 the array of elements. */
  readonly body?: (elements: readonly T[]) => string | Uint8Array;
  /** Elements of one request at most; 1 by default. */
  readonly batchSize?: number;
  /** How long a batch that is not full waits for more; `'100ms'` by default. A checkpoint does not wait. */
  readonly linger?: Duration;
  /** Requests of a subtask on their way at once; 8 by default. With 1 they arrive in order. */
  readonly maxInFlight?: number;
  /** Of one try; `'10s'` by default. */
  readonly timeout?: Duration;
  /** Tries after the first, for what may pass; 8 by default: about a minute. Then the job restarts. */
  readonly retries?: number;
  /** Before the first of them; `'200ms'` by default, and twice as long each time. */
  readonly retryDelay?: Duration;
  /**
   * An id of the element, the same whenever it is made again. Sent as the header `Idempotency-Key`, by which the
   * endpoint knows what it has had before; of several elements in one request, a hash of their ids.
   */
  readonly idempotencyKey?: (element: T) => string;
  /**
   * An answer that no other try would change (4xx) fails the job, by default; or the body is put aside in a
   * topic, with `millrace.reason` and `millrace.sink` as headers.
   */
  readonly onRejected?: 'fail' | { readonly deadLetter: string };
}

/**
 * Sends elements over HTTP, each at least once: a restart sends again what came after the last checkpoint.
 * A 2xx is a success; network errors, time-outs, 5xx, 408, 425 and 429 are tried again.
 */
export function webhookSink<T>(options: WebhookSinkOptions<T>): Sink<T> {
  refuseUnknownOptions<WebhookSinkOptions<T>>('webhookSink', options, {
    url: true,
    method: true,
    headers: true,
    body: true,
    batchSize: true,
    linger: true,
    maxInFlight: true,
    timeout: true,
    retries: true,
    retryDelay: true,
    idempotencyKey: true,
    onRejected: true,
  });
  const settings = settingsOf(options);
  const { onRejected = 'fail' } = options;
  const topic = onRejected === 'fail' ? undefined : onRejected.deadLetter;
  const deadLetters = topic === undefined ? undefined : deadLetterSink(topic);
  return {
    kind: 'webhook-sink',
    description: `${settings.request.method} ${withoutSecrets(settings.request.url)}`,
    topics: topic === undefined ? [] : [topic],
    createWriter: (context) =>
      new WebhookSinkWriter<T>(context, { ...settings, deadLetters: deadLetters?.createWriter(context) }),
  };
}

function settingsOf<T>(options: WebhookSinkOptions<T>) {
  const mistakes: string[] = [];
  const url = String(options.url);
  if (!/^https?:$/.test(URL.canParse(url) ? new URL(url).protocol : '')) {
    mistakes.push(`url is "${url}": give one that begins with http:// or https://`);
  }
  const wholeNumber = (name: 'batchSize' | 'maxInFlight' | 'retries', byDefault: number, min: number) => {
    const value = options[name] ?? byDefault;
    if (!Number.isSafeInteger(value) || value < min) {
      mistakes.push(`${name} is ${value}: give a whole number from ${min} on`);
    }
    return value;
  };
  const batchSize = wholeNumber('batchSize', 1, 1);
  const settings = {
    request: {
      url,
      method: options.method ?? 'POST',
      headers: { 'content-type': 'application/json', ...options.headers },
      timeoutMs: durationMs(options.timeout ?? 10_000, 'webhookSink.timeout'),
      retries: wholeNumber('retries', 8, 0),
      retryDelayMs: durationMs(options.retryDelay ?? 200, 'webhookSink.retryDelay'),
    },
    body:
      options.body ?? ((elements: readonly T[]) => JSON.stringify(batchSize === 1 ? elements[0] : elements)),
    batchSize,
    lingerMs: durationMs(options.linger ?? 100, 'webhookSink.linger'),
    maxInFlight: wholeNumber('maxInFlight', 8, 1),
    idempotencyKey: options.idempotencyKey,
  } as const;
  if (settings.request.timeoutMs < 1) mistakes.push('timeout is 0: give a time');
  if (mistakes.length === 0) return settings;
  throw new MillraceError(`A webhook sink can't run: ${mistakes.join('; ')}.`, {
    domain: 'user-code',
    action: 'fail-job',
  });
}

function deadLetterSink(topic: string): Sink<RejectedDelivery> {
  return logSink<RejectedDelivery>({
    record: ({ body, reason, sink }) => ({
      topic,
      value: body,
      headers: [
        { key: 'millrace.reason', value: reason },
        { key: 'millrace.sink', value: sink },
      ],
    }),
  });
}

/** A token in the query is no part of the job's description. */
function withoutSecrets(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}
