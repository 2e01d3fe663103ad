import type { CancelTimer, Clock } from '../../host/clock.js';
import { LogError } from '../log-port.js';

/** One of several who can all answer the same question. */
export interface Respondent<T> {
  /** The same whenever it is asked. */
  readonly name: string;
  readonly ask: () => Promise<T>;
}

/**
 * Asks one respondent after another, the next when the one before has failed or has been silent for a while;
 * the first answer counts. So a broker that is stopped, or behind a connection that nobody closed, does not
 * hold up for its whole request time-out what every other broker could tell. Who disappointed is asked last
 * from then on, until it answers again.
 */
export class FirstAnswer {
  private readonly clock: Clock;
  /** Bounded by the brokers that are known and configured. */
  private readonly doubtful = new Set<string>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** @throws when all have failed: a LogError if there is one, since it says what to do, else the last error */
  async of<T>(respondents: readonly Respondent<T>[]): Promise<T> {
    const waiting = [...respondents].sort((a, b) => this.doubtOf(a) - this.doubtOf(b));
    const asked = new Map<string, Promise<Outcome<T>>>();
    const failures: unknown[] = [];
    while (waiting.length > 0 || asked.size > 0) {
      const next = waiting.shift();
      if (next !== undefined) asked.set(next.name, outcomeOf(next));
      const outcome = await this.firstOutcome([...asked.values()], waiting.length > 0);
      switch (outcome.kind) {
        case 'answered':
          this.doubtful.delete(outcome.by);
          return outcome.answer;
        case 'failed':
          this.doubtful.add(outcome.by);
          asked.delete(outcome.by);
          failures.push(outcome.error);
          break;
        case 'silent':
          if (next !== undefined) this.doubtful.add(next.name);
          break;
        default:
          outcome satisfies never;
      }
    }
    const telling = failures.find((failure) => failure instanceof LogError) ?? failures.at(-1);
    throw telling ?? new LogError('internal', 'There is no broker to ask.');
  }

  /** `silent` only where there are others to turn to. */
  private async firstOutcome<T>(
    asked: readonly Promise<Outcome<T>>[],
    areOthersLeft: boolean,
  ): Promise<Outcome<T> | { readonly kind: 'silent' }> {
    if (!areOthersLeft) return Promise.race(asked);
    let cancelTimer: CancelTimer = () => {};
    const silence = new Promise<{ readonly kind: 'silent' }>((resolve) => {
      cancelTimer = this.clock.setTimer(patienceMs, () => resolve({ kind: 'silent' }));
    });
    try {
      return await Promise.race([...asked, silence]);
    } finally {
      cancelTimer();
    }
  }

  private doubtOf({ name }: Respondent<unknown>): number {
    return this.doubtful.has(name) ? 1 : 0;
  }
}

type Outcome<T> =
  | { readonly kind: 'answered'; readonly by: string; readonly answer: T }
  | { readonly kind: 'failed'; readonly by: string; readonly error: unknown };

function outcomeOf<T>({ name, ask }: Respondent<T>): Promise<Outcome<T>> {
  return ask().then(
    (answer): Outcome<T> => ({ kind: 'answered', by: name, answer }),
    (error: unknown): Outcome<T> => ({ kind: 'failed', by: name, error }),
  );
}

/** Many times what a broker under load takes for metadata, and a small part of a request time-out. */
const patienceMs = 1_000;
