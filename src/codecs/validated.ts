import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { ValueCodec } from './value-codec.js';

/**
 * A codec whose decoded values are checked, and perhaps transformed, by a schema of any Standard Schema
 * library (zod, valibot, arktype, …): `validated(json(), schema)`. What a sink encodes is not checked: the
 * types say what it is.
 */
export function validated<S extends StandardSchemaV1>(
  codec: ValueCodec<unknown>,
  schema: S,
): ValueCodec<StandardSchemaV1.InferOutput<S>> {
  const check = (value: unknown) => checked(schema, value);
  return {
    decode: (bytes, start, end) => check(codec.decode(bytes, start, end)),
    ...(codec.decodeNull === undefined ? {} : { decodeNull: () => check(codec.decodeNull?.()) }),
    encode: (value) => codec.encode(value),
  };
}

function checked<S extends StandardSchemaV1>(schema: S, value: unknown): StandardSchemaV1.InferOutput<S> {
  const result = schema['~standard'].validate(value);
  if (result instanceof Promise) {
    // Nobody awaits it any more; its rejection must not end the process.
    result.catch(() => {});
    throw new TypeError(
      `The schema (${schema['~standard'].vendor}) checks asynchronously; records are decoded one after another without waiting. Use a schema without asynchronous checks.`,
    );
  }
  if (result.issues === undefined) return result.value as StandardSchemaV1.InferOutput<S>;
  throw new TypeError(`The value does not fit its schema: ${describeIssues(result.issues)}.`);
}

/** Enough to see what is wrong; a list of every element of an array would hide it. */
const issuesShownMax = 3;

function describeIssues(issues: readonly StandardSchemaV1.Issue[]): string {
  const shown = issues.slice(0, issuesShownMax).map(({ message, path }) => {
    const place = (path ?? []).map((part) => String(typeof part === 'object' ? part.key : part)).join('.');
    return place === '' ? message : `${place}: ${message}`;
  });
  const rest = issues.length - shown.length;
  return rest > 0 ? `${shown.join('; ')}; and ${rest} more` : shown.join('; ');
}
