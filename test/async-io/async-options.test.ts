import { describe, expect, expectTypeOf, it } from 'vitest';
import {
  AsyncFunction,
  AsyncRetryStrategies,
  collectSink,
  type DataStream,
  type DeepReadonly,
  defineJob,
  discardSink,
} from '../../src/index.js';

interface User {
  readonly id: string;
}
interface Profile {
  readonly country: string;
}

class LookUp extends AsyncFunction<User, Profile> {
  async asyncInvoke(user: DeepReadonly<User>): Promise<Profile> {
    return { country: user.id };
  }
}

/** Describes a job around a stream of users. */
function describeJob(build: (users: DataStream<User>) => void): void {
  defineJob('asking', (env) => {
    const users = env.fromCollection<User>([{ id: 'ann' }]);
    build(users);
    users.sinkTo(discardSink());
  }).buildGraph();
}

describe('Options of async I/O', () => {
  it('are refused before the job starts, all mistakes in one message', () => {
    const retry = AsyncRetryStrategies.exponentialBackoff({
      maxAttempts: 0,
      initialDelay: '2s',
      maxDelay: '1s',
      multiplier: 0.5,
    });
    const build = () =>
      describeJob((users) =>
        users
          .orderedWait(new LookUp(), { timeout: 0, capacity: 2.5, retry, uid: 'look-up' })
          .sinkTo(discardSink()),
      );
    for (const mistake of [
      'a timeout of 0 ms',
      'a capacity of 2.5 elements',
      'its maxAttempts is 0',
      'its multiplier is 0.5',
      'its maxDelay (1000 ms) is below its initialDelay (2000 ms)',
      '(operator "look-up")',
    ]) {
      expect(build).toThrow(mistake);
    }
  });

  it('give the stream the type of the results', () => {
    describeJob((users) => {
      const profiles = users.orderedWait(new LookUp(), { timeout: '1s' });
      expectTypeOf(profiles).toEqualTypeOf<DataStream<Profile>>();
      const lengths = users.unorderedWait(async (user) => user.id.length, { timeout: '1s' });
      expectTypeOf(lengths).toEqualTypeOf<DataStream<number>>();
      lengths.sinkTo(collectSink<number>());
      // @ts-expect-error A stream of profiles has no users to look up.
      profiles.orderedWait(new LookUp(), { timeout: '1s' });
      // @ts-expect-error Without a time-out a request could hold up the job for ever.
      expect(() => users.orderedWait(new LookUp(), {})).toThrow('The timeout of "ordered-wait" is undefined');
      // @ts-expect-error What is not asynchronous belongs into map.
      users.orderedWait((user) => user.id, { timeout: '1s' });
      const retry = AsyncRetryStrategies.fixedDelay<string>({ maxAttempts: 1, delay: 1 });
      // @ts-expect-error The result is a profile, not a string.
      users.orderedWait(new LookUp(), { timeout: '1s', retry });
    });
  });
});
