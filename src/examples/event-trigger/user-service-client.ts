import type { UserProfile, Visit } from '../../demo/enriched-event.js';
import type { AsyncFunctionContext, LookupCache } from '../../index.js';
import type { HistoryEntry, UserFacts } from './merged-event.js';

/**
 * The user service as the job sees it: three calls a user. What one of them answered is kept for a minute, so
 * that a retry repeats only the calls that failed.
 */
export class UserServiceClient {
  private readonly url: string;
  private readonly profiles: LookupCache<string, UserProfile>;
  private readonly visits: LookupCache<string, Visit | null>;
  private readonly histories: LookupCache<string, readonly HistoryEntry[]>;

  constructor(url: string, context: AsyncFunctionContext) {
    this.url = url;
    const cacheOf = <V>(resource: string): LookupCache<string, V> =>
      context.lookupCache<string, V>({
        load: (userId, signal) => this.get<V>(`/users/${userId}/${resource}`, signal),
        maximumSize: cachedUsersMax,
        expireAfterWrite: '1m',
      });
    this.profiles = cacheOf('profile');
    this.visits = cacheOf('visit');
    this.histories = cacheOf('history');
  }

  async factsOf(userId: string, signal: AbortSignal): Promise<UserFacts> {
    const [profile, visit, history] = await Promise.all([
      this.profiles.get(userId, signal),
      this.visits.get(userId, signal),
      this.histories.get(userId, signal),
    ]);
    return { profile, visit, history };
  }

  private async get<T>(path: string, signal: AbortSignal): Promise<T> {
    const response = await fetch(`${this.url}${path}`, { signal });
    if (response.ok) return (await response.json()) as T;
    await response.body?.cancel();
    throw new ServiceError(response.status, `The user service answered ${path} with ${response.status}.`);
  }
}

/** The service said no. */
export class ServiceError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** What a wrong request was answered with is the answer to its repetition, too; all else may pass. */
export function isWorthRetrying(error: unknown): boolean {
  return !(error instanceof ServiceError) || error.status >= 500 || error.status === 429;
}

/** Some ten megabytes of histories a subtask. */
const cachedUsersMax = 1_000;
