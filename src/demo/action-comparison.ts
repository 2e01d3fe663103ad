import type { TriggeredAction } from './triggered-action.js';

/** How what was written differs from what was expected. All zero and no example: they are equal. */
export interface ActionComparison {
  readonly expected: number;
  readonly written: number;
  /** Expected and not written. */
  readonly missing: number;
  /** Written and not expected, doubles included. */
  readonly unexpected: number;
  /** Users whose actions are all there but not in their order. */
  readonly usersOutOfOrder: number;
  /** A few differences for people, one a line. */
  readonly examples: readonly string[];
}

const examplesMax = 5;

/** Compares as multisets, and within each user as sequences. Every field counts. */
export function compareActions(
  expected: ReadonlyMap<string, readonly TriggeredAction[]>,
  written: ReadonlyMap<string, readonly TriggeredAction[]>,
): ActionComparison {
  const examples: string[] = [];
  let missing = 0;
  let unexpected = 0;
  let usersOutOfOrder = 0;
  for (const userId of new Set([...expected.keys(), ...written.keys()])) {
    const wanted = (expected.get(userId) ?? []).map(canonicalText);
    const found = (written.get(userId) ?? []).map(canonicalText);
    if (wanted.length === found.length && wanted.every((text, i) => text === found[i])) continue;
    const absent = subtract(wanted, found);
    const extra = subtract(found, wanted);
    missing += absent.length;
    unexpected += extra.length;
    const isOnlyOutOfOrder = absent.length === 0 && extra.length === 0;
    if (isOnlyOutOfOrder) usersOutOfOrder += 1;
    const differences = [
      ...absent.map((text) => `missing: ${text}`),
      ...extra.map((text) => `unexpected: ${text}`),
      ...(isOnlyOutOfOrder ? [`out of order: the actions of ${userId}`] : []),
    ];
    examples.push(...differences.slice(0, examplesMax - examples.length));
  }
  return {
    expected: countAll(expected),
    written: countAll(written),
    missing,
    unexpected,
    usersOutOfOrder,
    examples,
  };
}

export function isEqual(comparison: ActionComparison): boolean {
  return comparison.missing === 0 && comparison.unexpected === 0 && comparison.usersOutOfOrder === 0;
}

/** Fields in alphabetical order, so that equal actions are equal texts. */
function canonicalText(action: TriggeredAction): string {
  return JSON.stringify(Object.fromEntries(Object.entries(action).sort(([a], [b]) => (a < b ? -1 : 1))));
}

/** The multiset difference: each text in `from` once less for every time it is in `what`. */
function subtract(from: readonly string[], what: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const text of what) counts.set(text, (counts.get(text) ?? 0) + 1);
  return from.filter((text) => {
    const count = counts.get(text) ?? 0;
    counts.set(text, count - 1);
    return count <= 0;
  });
}

function countAll(actions: ReadonlyMap<string, readonly TriggeredAction[]>): number {
  let count = 0;
  for (const ofUser of actions.values()) count += ofUser.length;
  return count;
}
