import {
  type DataStream,
  defineJob,
  type JobDefinition,
  type KeyedStream,
  kafkaSource,
  OutputTag,
  Watermarks,
} from '../../src/index.js';
import { logSink } from '../../src/sinks/log-sink.js';
import { askedByKey, askedInOrder } from './asynchronous-stage.js';
import { GroupCounter } from './group-counter.js';
import { Ledger, LedgerOfTwo } from './ledger.js';
import {
  deepFreeze,
  frozenJson,
  type GroupLine,
  groupOf,
  type LedgerEntry,
  type LedgerEvent,
  type LedgerLine,
  type Reminder,
} from './ledger-event.js';
import type { JobShape } from './scenario.js';

export const inputTopics = ['events-a', 'events-b'] as const;
export const ledgerTopic = 'ledger';
export const reminderTopic = 'reminders';
export const groupTopic = 'groups';
export const simulatedJobName = 'simulated';

/**
 * The job that the simulation runs: one or two log sources, an iterable of entries, keyed state of every
 * kind with event-time timers, behind one input or two, perhaps behind async I/O, a side output, perhaps a second exchange to fewer
 * subtasks, and exactly-once sinks.
 */
export function jobUnderTest(shape: JobShape, userCode: UserCode): JobDefinition {
  return defineJob(simulatedJobName, (env) => {
    const sources = shape.topics.map((topic) =>
      env.fromSource(
        kafkaSource({
          topics: topic,
          groupId: 'simulation',
          value: frozenJson<LedgerEvent>(),
          idleTimeout: 'never',
          ...(shape.isBounded ? { bounded: 'latest' } : {}),
        }),
        {
          uid: topic,
          watermarks: Watermarks.boundedOutOfOrderness(shape.outOfOrdernessMs, (event) => event.at),
        },
      ),
    );
    const [first, ...others] = sources;
    if (first === undefined) throw new Error('A shape without topics.');
    const keyedEntriesOf = (
      events: DataStream<LedgerEvent>,
      uid: string,
    ): KeyedStream<LedgerEntry, string> => {
      const asked = shape.asyncStage === 'ordered' ? askedInOrder(events, uid, userCode) : events;
      const entries = asked
        .flatMap(function* (event): Generator<LedgerEntry> {
          userCode.onCall();
          for (let piece = 0; piece < event.pieces; piece += 1) {
            const { key, number, at, padding } = event;
            yield deepFreeze({ key, number, piece, at, padding });
          }
        })
        .keyBy((entry) => entry.key);
      if (shape.asyncStage !== 'by-key') return entries;
      return askedByKey(entries, uid, userCode).keyBy((entry) => entry.key);
    };
    const reminders = new OutputTag<Reminder>('reminders');
    const ledger = new Ledger(userCode, reminders);
    const [second] = others;
    const lines =
      shape.isConnected && second !== undefined
        ? keyedEntriesOf(first, 'ask-first')
            .connect(keyedEntriesOf(second, 'ask-second'))
            .process(new LedgerOfTwo(ledger), { uid: 'ledger' })
        : keyedEntriesOf(first.union(...others), 'ask').process(ledger, { uid: 'ledger' });
    lines.sinkTo(
      exactlyOnce<LedgerLine>(ledgerTopic, shape, (line) => line.key),
      { uid: 'ledger-sink' },
    );
    if (shape.hasSideOutput) {
      lines.sideOutput(reminders).sinkTo(
        exactlyOnce<Reminder>(reminderTopic, shape, (reminder) => reminder.key),
        { uid: 'reminder-sink' },
      );
    }
    if (shape.hasSecondStage) {
      const { secondStageParallelism: parallelism } = shape;
      const secondStage = parallelism === undefined ? {} : { parallelism };
      lines
        .keyBy((line) => groupOf(line.key))
        .process(new GroupCounter(userCode), { uid: 'groups', ...secondStage })
        .sinkTo(
          exactlyOnce<GroupLine>(groupTopic, shape, (line) => String(line.group)),
          { uid: 'group-sink', ...secondStage },
        );
    }
  });
}

/** Called wherever the job runs user code, so that a seed can let it throw. */
export interface UserCode {
  onCall(): void;
  /** Of virtual time, for what is asked of nobody. */
  delay(ms: number): Promise<void>;
}

function exactlyOnce<T>(topic: string, shape: JobShape, key: (value: T) => string) {
  return logSink<T>({
    topic,
    key,
    value: frozenJson<T>(),
    deliveryGuarantee: 'exactly-once',
    transactionalIdPrefix: topic,
    transactionTimeout: '15m',
    transactionPoolSize: shape.transactionPoolSize,
  });
}
