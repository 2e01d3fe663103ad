import {
  type Collector,
  type KeyedContext,
  KeyedCoProcessFunction,
  KeyedProcessFunction,
  type ListState,
  type MapState,
  type OnTimerContext,
  type OutputTag,
  type RuntimeContext,
  type ValueState,
} from '../../src/index.js';
import type { UserCode } from './job-under-test.js';
import {
  amountOf,
  categoryOf,
  deepFreeze,
  finalTimerAt,
  type LedgerEntry,
  type LedgerLine,
  lastTimerBase,
  type Reminder,
  recentMax,
  reminderAt,
} from './ledger-event.js';

/**
 * Keeps state of every kind for each key. What it emits depends on the key's own order alone, never on how
 * keys interleave or when the watermark passes: so a plain loop can say what must come out.
 */
export class Ledger extends KeyedProcessFunction<string, LedgerEntry, LedgerLine> {
  private readonly userCode: UserCode;
  private readonly reminders: OutputTag<Reminder>;
  private totals!: ValueState<Totals>;
  private lastNumber!: ValueState<number>;
  private remindersFired!: ValueState<number>;
  private recent!: ListState<number>;
  private categories!: MapState<number, number>;

  constructor(userCode: UserCode, reminders: OutputTag<Reminder>) {
    super();
    this.userCode = userCode;
    this.reminders = reminders;
  }

  override open(context: RuntimeContext): void {
    this.totals = context.getState<Totals>({ name: 'totals', defaultValue: { count: 0, sum: 0 } });
    this.lastNumber = context.getState<number>({ name: 'last-number' });
    this.remindersFired = context.getState<number>({ name: 'reminders-fired', defaultValue: 0 });
    this.recent = context.getListState<number>({ name: 'recent', maxLength: recentMax });
    this.categories = context.getMapState<number, number>({ name: 'categories' });
  }

  processElement(entry: LedgerEntry, context: KeyedContext<string>, out: Collector<LedgerLine>): void {
    this.userCode.onCall();
    const before = this.totals.value() ?? { count: 0, sum: 0 };
    const totals = deepFreeze({ count: before.count + 1, sum: before.sum + amountOf(entry) });
    this.totals.update(totals);
    this.recent.add(totals.count);
    const ofCategory = (this.categories.get(categoryOf(entry)) ?? 0) + 1;
    this.categories.put(categoryOf(entry), ofCategory);
    context.timerService.registerEventTimeTimer(reminderAt(entry));
    const formerLast = this.lastNumber.value();
    if (formerLast !== undefined) context.timerService.deleteEventTimeTimer(lastTimerBase + formerLast);
    context.timerService.registerEventTimeTimer(lastTimerBase + entry.number);
    this.lastNumber.update(entry.number);
    context.timerService.registerEventTimeTimer(finalTimerAt);
    out.collect(
      deepFreeze({ kind: 'entry', key: entry.key, ...totals, recent: [...this.recent.get()], ofCategory }),
    );
  }

  override onTimer(timestamp: number, context: OnTimerContext<string>, out: Collector<LedgerLine>): void {
    this.userCode.onCall();
    const key = context.currentKey;
    if (timestamp === finalTimerAt) {
      out.collect(deepFreeze(this.finalLine(key)));
      // Half of the keys leave no state behind.
      if (key.length % 2 === 0) this.clear();
    } else if (timestamp >= lastTimerBase) {
      out.collect(deepFreeze({ kind: 'last', key, number: timestamp - lastTimerBase }));
    } else {
      this.remindersFired.update((this.remindersFired.value() ?? 0) + 1);
      context.output(this.reminders, deepFreeze({ key, at: timestamp }));
    }
  }

  private finalLine(key: string): LedgerLine {
    return {
      kind: 'final',
      key,
      ...(this.totals.value() ?? { count: 0, sum: 0 }),
      recent: [...this.recent.get()],
      categories: [...this.categories.entries()],
      remindersFired: this.remindersFired.value() ?? 0,
    };
  }

  private clear(): void {
    this.totals.clear();
    this.lastNumber.clear();
    this.remindersFired.clear();
    this.recent.clear();
    this.categories.clear();
  }
}

/** One ledger for the entries of two inputs. */
export class LedgerOfTwo extends KeyedCoProcessFunction<string, LedgerEntry, LedgerEntry, LedgerLine> {
  private readonly ledger: Ledger;

  constructor(ledger: Ledger) {
    super();
    this.ledger = ledger;
  }

  override open(context: RuntimeContext): void {
    this.ledger.open(context);
  }

  processElement1(entry: LedgerEntry, context: KeyedContext<string>, out: Collector<LedgerLine>): void {
    this.ledger.processElement(entry, context, out);
  }

  processElement2(entry: LedgerEntry, context: KeyedContext<string>, out: Collector<LedgerLine>): void {
    this.ledger.processElement(entry, context, out);
  }

  override onTimer(timestamp: number, context: OnTimerContext<string>, out: Collector<LedgerLine>): void {
    this.ledger.onTimer(timestamp, context, out);
  }
}

interface Totals {
  readonly count: number;
  readonly sum: number;
}
