import pRetry, { AbortError } from 'p-retry';
import type { Clock } from '../../host/clock.js';
import { waitWithin } from '../../host/wait-within.js';
import { MillraceError } from '../../protocol/failures.js';

/** How requests are sent, and how often. */
export interface WebhookRequestSettings {
  readonly url: string;
  readonly method: 'POST' | 'PUT' | 'PATCH';
  readonly headers: Readonly<Record<string, string>>;
  /** Of one try, with its answer's body. */
  readonly timeoutMs: number;
  /** Tries after the first. */
  readonly retries: number;
  /** Before the first of them; each pause is twice the one before, and somewhat random. */
  readonly retryDelayMs: number;
}

export interface RequestSurroundings {
  readonly clock: Clock;
  /** Ends the request, and its tries. */
  readonly signal: AbortSignal;
  /** Begins the sentences of errors. */
  readonly sender: string;
}

/** The endpoint will not take this request, however often it is sent. */
export class RejectedRequest extends Error {
  override readonly name = 'RejectedRequest';
}

/**
 * Sends a request until it is taken: an answer of 2xx. Network errors, time-outs, 5xx and the 4xx that mean
 * "later" are tried again.
 * @throws RejectedRequest for any other answer, MillraceError when the tries are used up.
 */
export async function sendRequest(
  settings: WebhookRequestSettings,
  body: string | Uint8Array,
  idempotencyKey: string | undefined,
  surroundings: RequestSurroundings,
): Promise<void> {
  const { url, method, retries, retryDelayMs } = settings;
  const { clock, signal, sender } = surroundings;
  let tries = 0;
  try {
    await pRetry(
      () => {
        tries += 1;
        return sendOnce(settings, body, idempotencyKey, surroundings);
      },
      {
        retries,
        minTimeout: retryDelayMs,
        maxTimeout: retryDelayMsMax,
        randomize: true,
        signal,
        onFailedAttempt: (error) => wait(clock, (error as Error as FailedTry).retryAfterMs ?? 0, signal),
      },
    );
  } catch (cause) {
    const what = cause instanceof Error ? cause.message : String(cause);
    if (cause instanceof RejectedRequest) {
      throw new RejectedRequest(`${sender}: ${method} ${url} ${what}`, { cause });
    }
    throw new MillraceError(
      `${sender}: ${method} ${url} ${what}, after ${tries} tries. See whether the endpoint works, or raise the sink's retries.`,
      { domain: 'outside-system', action: 'restart', cause },
    );
  }
}

async function sendOnce(
  { url, method, headers, timeoutMs }: WebhookRequestSettings,
  body: string | Uint8Array,
  idempotencyKey: string | undefined,
  { clock, signal }: RequestSurroundings,
): Promise<void> {
  // Not with AbortSignal.any: what it makes stays with a signal that lives long.
  const abort = new AbortController();
  const stop = (): void => abort.abort();
  let isTooLate = false;
  const cancelTimer = clock.setTimer(timeoutMs, () => {
    isTooLate = true;
    stop();
  });
  signal.addEventListener('abort', stop);
  let response: Response;
  let answer: string;
  try {
    response = await fetch(url, {
      method,
      headers: idempotencyKey === undefined ? headers : { ...headers, 'idempotency-key': idempotencyKey },
      body,
      redirect: 'manual',
      signal: abort.signal,
    });
    // Read to its end, so that the connection can serve the next request.
    answer = await response.text();
  } catch (cause) {
    const reason = isTooLate ? `there was no answer within ${timeoutMs} ms` : reasonOf(cause);
    throw new FailedTry(`could not be sent: ${reason}`, undefined, cause);
  } finally {
    cancelTimer();
    signal.removeEventListener('abort', stop);
  }
  if (response.ok) return;
  const text = answer.trim().slice(0, answerCharsMax);
  const what = `answered ${response.status} ${response.statusText}${text === '' ? '' : ` (${text})`}`;
  if (isWorthRetrying(response.status)) throw new FailedTry(what, retryAfterMs(response));
  throw new AbortError(new RejectedRequest(what));
}

class FailedTry extends Error {
  /** What the endpoint asked for. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, retryAfterMs: number | undefined, cause?: unknown) {
    super(message, { cause });
    this.retryAfterMs = retryAfterMs;
  }
}

/** Request time-out, too early, too many requests; and whatever the server takes upon itself. */
function isWorthRetrying(status: number): boolean {
  return status === 408 || status === 425 || status === 429 || status >= 500;
}

/** Of the header's two forms only the seconds. */
function retryAfterMs(response: Response): number | undefined {
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  return seconds >= 0 ? Math.min(seconds * 1_000, retryDelayMsMax) : undefined;
}

/** `fetch` says only that it failed; why is in its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error && error.cause.message !== '' ? error.cause.message : error.message;
}

/** Until the time is over, or the sink is closed. */
async function wait(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  if (ms <= 0 || signal.aborted) return;
  let stop = (): void => {};
  const aborted = new Promise<void>((resolve) => {
    stop = resolve;
    signal.addEventListener('abort', stop);
  });
  await waitWithin(clock, ms, aborted);
  signal.removeEventListener('abort', stop);
}

/** So that an endpoint that is back is not left waiting, and one that is down not pressed. */
const retryDelayMsMax = 30_000;
/** Enough to say what is wrong; a page of HTML is not. */
const answerCharsMax = 200;
