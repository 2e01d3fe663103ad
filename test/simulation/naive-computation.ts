import {
  amountOf,
  categoryOf,
  closingTime,
  type GroupLine,
  groupOf,
  type LedgerEntry,
  type LedgerEvent,
  type LedgerLine,
  type Reminder,
  recentMax,
  reminderAt,
} from './ledger-event.js';
import type { PartitionInput } from './ledger-input.js';

/** What the job under test must have written, computed by plain loops from the same input. */
export interface ExpectedOutput {
  /** By key, in order. */
  readonly ledger: ReadonlyMap<string, readonly LedgerLine[]>;
  readonly reminders: ReadonlyMap<string, readonly Reminder[]>;
  readonly groups: ReadonlyMap<string, readonly GroupLine[]>;
  /** What the ledger's state holds at the end; without the keys that leave none. */
  readonly state: ReadonlyMap<string, ExpectedState>;
}

export interface ExpectedState {
  readonly totals: { readonly count: number; readonly sum: number };
  readonly lastNumber: number;
  readonly remindersFired: number;
  readonly recent: readonly number[];
  readonly categories: readonly (readonly [number, number])[];
}

export function computeNaively(inputs: readonly PartitionInput[]): ExpectedOutput {
  const ledger = new Map<string, LedgerLine[]>();
  const reminders = new Map<string, Reminder[]>();
  const state = new Map<string, ExpectedState>();
  for (const [key, entries] of entriesByKey(inputs)) {
    const account = accountOf(entries);
    ledger.set(key, account.lines);
    if (account.reminders.length > 0) reminders.set(key, account.reminders);
    if (key.length % 2 === 1) state.set(key, account.state);
  }
  return { ledger, reminders, groups: groupsOf(ledger), state };
}

function entriesByKey(inputs: readonly PartitionInput[]): Map<string, LedgerEntry[]> {
  const byKey = new Map<string, LedgerEntry[]>();
  for (const event of inputs.flatMap((input) => input.events)) {
    for (const entry of entriesOf(event)) {
      byKey.set(event.key, [...(byKey.get(event.key) ?? []), entry]);
    }
  }
  return byKey;
}

function entriesOf({ key, number, at, padding, pieces }: LedgerEvent): LedgerEntry[] {
  return Array.from({ length: pieces }, (_, piece) => ({ key, number, piece, at, padding }));
}

function accountOf(entries: readonly LedgerEntry[]) {
  const last = entries.at(-1);
  if (last === undefined) throw new Error('A key without entries.');
  const { key } = last;
  const categories = new Map<number, number>();
  const reminderTimes = new Set<number>();
  const lines: LedgerLine[] = [];
  let count = 0;
  let sum = 0;
  const recentOf = (upTo: number): number[] =>
    Array.from(
      { length: Math.min(upTo, recentMax) },
      (_, index) => upTo - Math.min(upTo, recentMax) + index + 1,
    );
  for (const entry of entries) {
    count += 1;
    sum += amountOf(entry);
    const ofCategory = (categories.get(categoryOf(entry)) ?? 0) + 1;
    categories.set(categoryOf(entry), ofCategory);
    // What lies behind the closing events' time never becomes due.
    if (reminderAt(entry) < closingTime) reminderTimes.add(reminderAt(entry));
    lines.push({ kind: 'entry', key, count, sum, recent: recentOf(count), ofCategory });
  }
  const sorted = [...categories].sort(([a], [b]) => a - b);
  const remindersFired = reminderTimes.size;
  lines.push({ kind: 'last', key, number: last.number });
  lines.push({ kind: 'final', key, count, sum, recent: recentOf(count), categories: sorted, remindersFired });
  const reminders = [...reminderTimes].sort((a, b) => a - b).map((at): Reminder => ({ key, at }));
  const state: ExpectedState = {
    totals: { count, sum },
    lastNumber: last.number,
    remindersFired,
    recent: recentOf(count),
    categories: sorted,
  };
  return { lines, reminders, state };
}

function groupsOf(ledger: ReadonlyMap<string, readonly LedgerLine[]>): Map<string, GroupLine[]> {
  const totals = new Map<number, { count: number; sum: number }>();
  for (const line of [...ledger.values()].flat()) {
    const group = groupOf(line.key);
    const before = totals.get(group) ?? { count: 0, sum: 0 };
    totals.set(group, { count: before.count + 1, sum: before.sum + (line.kind === 'entry' ? line.sum : 1) });
  }
  return new Map(
    [...totals].map(([group, { count, sum }]) => [
      String(group),
      [
        ...Array.from(
          { length: count },
          (_, index): GroupLine => ({ kind: 'line', group, count: index + 1 }),
        ),
        { kind: 'final', group, count, sum },
      ],
    ]),
  );
}
