import { describe, expect, it } from 'vitest';
import { compareActions, isEqual } from '../../src/demo/action-comparison.js';
import type { TriggeredAction } from '../../src/demo/triggered-action.js';

function action(id: string): TriggeredAction {
  return {
    rule: 'cart-abandoned',
    action_id: id,
    user_id: 'u',
    session_id: 's',
    event_id: 'e',
    timestamp: 1,
    language: 'en',
    page_count: 1,
    history_length: 1,
    items: 1,
    cart_value: 1,
  };
}

function compare(expected: string[], written: string[]) {
  return compareActions(new Map([['u', expected.map(action)]]), new Map([['u', written.map(action)]]));
}

describe('compareActions', () => {
  it('finds equal what is equal, whatever the order of the fields', () => {
    const reordered = Object.fromEntries(Object.entries(action('a')).reverse()) as unknown as TriggeredAction;
    const comparison = compareActions(new Map([['u', [action('a')]]]), new Map([['u', [reordered]]]));
    expect(isEqual(comparison)).toBe(true);
  });

  it('counts a lost action', () => {
    expect(compare(['a', 'b'], ['b'])).toMatchObject({ missing: 1, unexpected: 0, usersOutOfOrder: 0 });
  });

  it('counts a doubled action', () => {
    expect(compare(['a', 'b'], ['a', 'b', 'b'])).toMatchObject({ missing: 0, unexpected: 1 });
  });

  it('counts the actions of a user whose actions were all lost', () => {
    expect(compareActions(new Map([['u', [action('a')]]]), new Map())).toMatchObject({
      missing: 1,
      written: 0,
    });
  });

  it('tells a wrong order from a wrong content', () => {
    const comparison = compare(['a', 'b'], ['b', 'a']);
    expect(comparison).toMatchObject({ missing: 0, unexpected: 0, usersOutOfOrder: 1 });
    expect(isEqual(comparison)).toBe(false);
  });

  it('counts a changed field as one missing and one unexpected', () => {
    const changed = { ...action('a'), page_count: 2 };
    const comparison = compareActions(new Map([['u', [action('a')]]]), new Map([['u', [changed]]]));
    expect(comparison).toMatchObject({ missing: 1, unexpected: 1 });
    expect(comparison.examples).toHaveLength(2);
  });
});
