import type { Random } from '../../host/random.js';
import type { LogRequest } from '../client/log-requests.js';

/**
 * What the simulated network does to requests. Invariant: a request arrives, if at all, within
 * `requestTimeoutMs` of being sent, so that a resent one never overtakes its former self.
 */
export interface InMemoryLogFaults {
  /** The fate of one sending of a request; `sending` counts from 1. */
  fateOf(request: LogRequest, client: string, sending: number): RequestFate;
  /** Whether a request that was on its way when its client crashed still arrives. */
  arrivesAfterCrash(request: LogRequest, client: string): boolean;
  /** How long the log takes to write a transaction's markers once its end is decided. */
  markerDelayMs(): number;
}

export type RequestFate =
  | { readonly kind: 'answered'; readonly requestDelayMs: number; readonly replyDelayMs: number }
  /** It happens, but the client is told only that its connection broke, and has to ask again. */
  | { readonly kind: 'reply-lost'; readonly requestDelayMs: number; readonly replyDelayMs: number }
  /** It never arrives; the client learns that its connection broke. */
  | { readonly kind: 'request-lost'; readonly noticedAfterMs: number };

/** How often which fault happens; 0 to 1 each. May be changed while a simulation runs, to let the log heal. */
export interface FaultRates {
  requestLoss: number;
  replyLoss: number;
  /** Of a delay of up to `slowDelayMaxMs` instead of up to `delayMaxMs`. */
  slowness: number;
  /** Of a request under way arriving although its client crashed. */
  lateArrival: number;
  delayMaxMs: number;
  slowDelayMaxMs: number;
}

/** Draws every fate anew; by default nothing is lost, and a message takes up to 2 ms. */
export class RandomLogFaults implements InMemoryLogFaults {
  readonly rates: FaultRates;
  private readonly random: Random;

  constructor(random: Random, rates: Partial<FaultRates> = {}) {
    this.random = random;
    this.rates = { ...noFaults, ...rates };
  }

  fateOf(_request: LogRequest): RequestFate {
    const fault = this.random.next();
    const requestDelayMs = this.delayMs();
    const replyDelayMs = this.delayMs();
    if (fault < this.rates.requestLoss) return { kind: 'request-lost', noticedAfterMs: requestDelayMs };
    if (fault < this.rates.requestLoss + this.rates.replyLoss) {
      return { kind: 'reply-lost', requestDelayMs, replyDelayMs };
    }
    return { kind: 'answered', requestDelayMs, replyDelayMs };
  }

  arrivesAfterCrash(): boolean {
    return this.random.next() < this.rates.lateArrival;
  }

  markerDelayMs(): number {
    return this.delayMs();
  }

  private delayMs(): number {
    const isSlow = this.random.next() < this.rates.slowness;
    return this.random.next() * (isSlow ? this.rates.slowDelayMaxMs : this.rates.delayMaxMs);
  }
}

const noFaults: FaultRates = {
  requestLoss: 0,
  replyLoss: 0,
  slowness: 0,
  lateArrival: 0.5,
  delayMaxMs: 2,
  slowDelayMaxMs: 400,
};
