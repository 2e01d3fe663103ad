import { describe, expect, it } from 'vitest';
import { selectedField } from '../../src/graph/selected-field.js';

/** As an engine gives it back, whatever the tests' own compiler would make of it. */
const selector = (text: string) => new Function(`return ${text};`)() as (value: never) => unknown;

describe('The field that a selector selects', () => {
  it.each([
    'event => event.user_id',
    '(event) => event.user_id',
    '( $e ) =>  $e.user_id',
    '(event)=>event.user_id',
  ])('is known of %s', (text) => {
    expect(selectedField(selector(text))).toMatch('user_id');
  });

  it.each([
    '(event) => event.user_id ?? "nobody"',
    '(event) => event.user_id.trim()',
    '(event) => event.user.id',
    '(event) => event?.user_id',
    '(event) => event["user_id"]',
    '(event) => `user_id`',
    '(event, other) => other.user_id',
    '(event = {}) => event.user_id',
    '({ user_id }) => user_id',
    '(event) => { return event.user_id; }',
    '(event) => globalThis.user_id',
    'function (event) { return event.user_id; }',
    'async (event) => event.user_id',
    '((event) => event.user_id).bind(null)',
    'String',
  ])('is not taken for certain of %s', (text) => {
    expect(selectedField(selector(text))).toBeUndefined();
  });
});
