import { existsSync, writeFileSync, writeSync } from 'node:fs';
import {
  type Collector,
  defineJob,
  discardSink,
  json,
  type KeyedContext,
  KeyedProcessFunction,
  kafkaSource,
  type RuntimeContext,
  type ValueState,
} from 'millrace';

/**
 * A large value for each user, and a count of the user's events. Says on standard output what the benchmark
 * measures: `first-record`, `failing`, `recovered` (the first record after that) and `processed`, each with the
 * time in epoch ms.
 */
interface UserEvent {
  readonly user_id: string;
}

class RememberUsers extends KeyedProcessFunction<string, UserEvent, number> {
  private profile!: ValueState<string>;
  private count!: ValueState<number>;
  private processed = 0;
  /** Of an attempt after the failure. The failed one's other thread may process its first record later than that. */
  private isRecovered = false;

  override open(context: RuntimeContext): void {
    this.profile = context.getState<string>({ name: 'profile' });
    this.count = context.getState<number>({ name: 'count' });
    this.isRecovered = failOnce !== undefined && existsSync(failOnce);
  }

  override processElement(event: UserEvent, _context: KeyedContext<string>, out: Collector<number>): void {
    this.processed += 1;
    if (this.processed === 1) say(this.isRecovered ? 'recovered' : 'first-record');
    if (this.processed % recordsPerLine === 0) say('processed');
    if (failOnce !== undefined && this.processed === failAtRecord && !existsSync(failOnce)) {
      writeFileSync(failOnce, '');
      say('failing');
      throw new Error('The benchmark asked for this failure.');
    }
    if (this.profile.value() === undefined) this.profile.update(profileOf(event.user_id));
    const count = (this.count.value() ?? 0) + 1;
    this.count.update(count);
    out.collect(count);
  }
}

/** The file that tells whether the job has failed already; undefined where it is not to fail. */
const failOnce = process.env['MILLRACE_BENCH_FAIL_ONCE'];
/** Often enough to show that a thread is at work. */
const recordsPerLine = 100;
const failAtRecord = 200;
const profileCharacters = 16 * 1024;

function profileOf(userId: string): string {
  return userId.repeat(Math.ceil(profileCharacters / userId.length)).slice(0, profileCharacters);
}

/** Written at once: a thread's own `process.stdout` goes through the main thread. */
function say(what: string): void {
  writeSync(1, `${what} ${Date.now()}\n`);
}

export default defineJob('recovery', (env) => {
  env
    .fromSource(
      kafkaSource({
        topics: process.env['MILLRACE_BENCH_TOPIC'] ?? 'user-tracking-events',
        startingOffsets: 'earliest',
        value: json<UserEvent>(),
      }),
      { uid: 'events' },
    )
    .keyBy((event) => event.user_id)
    .process(new RememberUsers(), { uid: 'remember-users' })
    .sinkTo(discardSink(), { uid: 'discard' });
});
