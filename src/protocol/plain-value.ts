import { MillraceError } from './failures.js';

/**
 * Values are plain: JSON's types, undefined, bigint, Date, Map, Set and bytes, nested at will. A class
 * instance would come back without its methods after a restart or on another thread, so it is refused where
 * it is first seen.
 *
 * @param what names the value in the error: "The value of state 'profile' of operator 'enrich'".
 * @throws MillraceError naming the path of what is not plain.
 */
export function assertPlain(value: unknown, what: string): void {
  const offence = findOffence(value, '', 0);
  if (offence === undefined) return;
  const where = offence.path === '' ? '' : ` at ${offence.path}`;
  throw new MillraceError(
    `${what} is not plain${where}: ${offence.problem}. Use JSON's types, bigint, Date, Map, Set and Uint8Array; turn a class instance into an object of its fields.`,
    { domain: 'user-code', action: 'fail-job' },
  );
}

/** Deep enough for any sensible value, and shallow enough that a cycle is found before the stack ends. */
export const nestingMax = 200;

/** True for objects of `Object.prototype`, of another realm's, or of none. */
export function isPlainObject(value: object): boolean {
  const prototype: object | null = Object.getPrototypeOf(value);
  if (prototype === null || prototype === Object.prototype) return true;
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'isPrototypeOf');
}

/** A kind of plain object value by its exact class, so that a subclass counts as the class instance it is. */
export function builtInKind(value: object): 'array' | 'map' | 'set' | 'date' | 'bytes' | undefined {
  if (Array.isArray(value)) return 'array';
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Map.prototype) return 'map';
  if (prototype === Set.prototype) return 'set';
  if (prototype === Date.prototype) return 'date';
  if (prototype === Uint8Array.prototype || prototype === Buffer.prototype) return 'bytes';
  return undefined;
}

interface Offence {
  readonly path: string;
  readonly problem: string;
}

function findOffence(value: unknown, path: string, depth: number): Offence | undefined {
  if (typeof value === 'function')
    return { path, problem: `it is a function (${value.name || 'anonymous'})` };
  if (typeof value === 'symbol') return { path, problem: 'it is a symbol' };
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth > nestingMax)
    return { path, problem: `it is nested more than ${nestingMax} levels deep, or contains itself` };
  switch (builtInKind(value)) {
    case 'bytes':
    case 'date':
      return undefined;
    case 'array':
      return firstOffence(value as unknown[], (index) => `${path}[${index}]`, depth);
    case 'set':
      return firstOffence([...(value as Set<unknown>)], (index) => `${path}{item ${index}}`, depth);
    case 'map': {
      const map = value as Map<unknown, unknown>;
      return (
        firstOffence([...map.keys()], (index) => `${path}{key ${index}}`, depth) ??
        firstOffence([...map.values()], (index) => `${path}{value ${index}}`, depth)
      );
    }
    case undefined:
      return findOffenceInObject(value, path, depth);
  }
}

function findOffenceInObject(value: object, path: string, depth: number): Offence | undefined {
  if (!isPlainObject(value)) {
    return { path, problem: `it is an instance of ${value.constructor?.name || 'a class without a name'}` };
  }
  const symbols = Object.getOwnPropertySymbols(value);
  if (symbols.length > 0) return { path, problem: `it has a symbol for a key (${String(symbols[0])})` };
  for (const [name, field] of Object.entries(value)) {
    const offence = findOffence(field, path === '' ? name : `${path}.${name}`, depth + 1);
    if (offence !== undefined) return offence;
  }
  return undefined;
}

function firstOffence(
  items: readonly unknown[],
  pathOf: (index: number) => string,
  depth: number,
): Offence | undefined {
  for (let index = 0; index < items.length; index++) {
    const offence = findOffence(items[index], pathOf(index), depth + 1);
    if (offence !== undefined) return offence;
  }
  return undefined;
}
