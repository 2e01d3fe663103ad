import {
  type Collector,
  type DataStream,
  type DeepReadonly,
  type KeyedAsyncContext,
  KeyedAsyncProcessFunction,
  type KeyedContext,
  type KeyedStream,
} from '../../src/index.js';
import type { UserCode } from './job-under-test.js';
import type { LedgerEntry, LedgerEvent } from './ledger-event.js';

/** So few that the operator is full most of the time. */
const capacity = 3;
/** Never, in a run. */
const timeout = '1d';

/** The events as they came, each after some time: what is behind them sees no difference. */
export function askedInOrder(
  events: DataStream<LedgerEvent>,
  uid: string,
  userCode: UserCode,
): DataStream<LedgerEvent> {
  return events.orderedWait(
    async (event) => {
      await userCode.delay(delayMsOf(event.number));
      userCode.onCall();
      return event as LedgerEvent;
    },
    { timeout, capacity, uid },
  );
}

/** The same for entries of a key, of which some are asked about. */
export function askedByKey(
  entries: KeyedStream<LedgerEntry, string>,
  uid: string,
  userCode: UserCode,
): DataStream<LedgerEntry> {
  return entries.processAsync(new AskAboutSome(userCode), { timeout, capacity, uid });
}

class AskAboutSome extends KeyedAsyncProcessFunction<string, LedgerEntry, void, LedgerEntry> {
  private readonly userCode: UserCode;

  constructor(userCode: UserCode) {
    super();
    this.userCode = userCode;
  }

  override asyncInvoke(
    { number, piece }: DeepReadonly<LedgerEntry>,
    _context: KeyedAsyncContext<string>,
  ): Promise<void> | undefined {
    return (number + piece) % 3 === 0 ? undefined : this.userCode.delay(delayMsOf(number + piece));
  }

  override processElement(
    entry: DeepReadonly<LedgerEntry>,
    _answer: void,
    _context: KeyedContext<string>,
    out: Collector<LedgerEntry>,
  ): void {
    this.userCode.onCall();
    out.collect(entry as LedgerEntry);
  }
}

function delayMsOf(number: number): number {
  return (number * 7) % 23;
}
