import { encodeJson } from './json-encoding.js';
import { JsonIntegerFinder, JsonStringFinder } from './json-field-finder.js';
import { type JsonFields, planFields } from './json-fields.js';
import { JsonProjectionCodec } from './json-projection.js';
import { decodeUtf8 } from './utf8.js';
import type { FieldFinder, ValueCodec } from './value-codec.js';

/**
 * JSON in UTF-8. The type is the caller's promise: the text is parsed, not checked against it. Malformed
 * UTF-8 and malformed JSON are refused, never repaired.
 */
export function json<T>(): ValueCodec<T>;
/**
 * JSON of which only some fields are decoded; more than twice as fast on large records. The element is an object of
 * just these fields, nested as their paths say, and undefined where the record has none. The text as a whole is
 * still checked: what is malformed is refused. A field that is there with another type than declared, and is not
 * null, is a TypeError. Encoding is as without `fields`.
 * @throws TypeError for fields that are empty or contradict one another.
 */
export function json<T>(options: JsonOptions): ValueCodec<T>;
export function json<T>(options?: JsonOptions): ValueCodec<T> {
  return options === undefined
    ? new JsonCodec<T>()
    : new JsonProjectionCodec<T>(planFields(fieldsOf(options)));
}

export interface JsonOptions {
  /** The fields to decode by their paths: `{ user_id: 'string', 'parameters.custom_params.price': 'number' }`. */
  readonly fields: JsonFields;
}

function fieldsOf(options: JsonOptions): JsonFields {
  const unknown = Object.keys(options).filter((name) => name !== 'fields');
  if (unknown.length > 0) {
    throw new TypeError(
      `json() has no option ${unknown.map((name) => `'${name}'`).join(', ')}; it has 'fields'.`,
    );
  }
  return options.fields;
}

class JsonCodec<T> implements ValueCodec<T> {
  decode(bytes: Buffer, start: number, end: number): T {
    return JSON.parse(decodeUtf8(bytes, start, end)) as T;
  }

  encode(value: T): Uint8Array {
    return encodeJson(value);
  }

  stringFinder(name: string): FieldFinder<string> | undefined {
    return plainName.test(name) ? new JsonStringFinder(name) : undefined;
  }

  integerFinder(name: string): FieldFinder<number> | undefined {
    return plainName.test(name) ? new JsonIntegerFinder(name) : undefined;
  }
}

/** Names that JSON never has to escape. */
const plainName = /^[\w$-]+$/;
