import { encodeJson } from './json-encoding.js';
import { JsonFieldScanner } from './json-field-scanner.js';
import { type FieldPlan, type PlannedNode, PlannedObject } from './json-fields.js';
import { compileElementFactory, type ElementFactory, type FieldValue } from './projected-object.js';
import { decodeUtf8 } from './utf8.js';
import type { ValueCodec } from './value-codec.js';

/**
 * Decodes the planned fields of JSON, and always as JSON.parse would have.
 *
 * The scanner reads common text straight from the bytes. What it does not take (the malformed, the mistyped and
 * the rare) is parsed as a whole; so every error, and every odd case, is decided by JSON.parse. A scanner that
 * took a text it reads differently would make a job's results depend on how its input is written.
 */
export class JsonProjectionCodec<T> implements ValueCodec<T> {
  private readonly slots: FieldValue[];
  private readonly scanner: JsonFieldScanner;
  private readonly newElement: ElementFactory;

  constructor(private readonly plan: FieldPlan) {
    this.slots = new Array<FieldValue>(plan.slotCount).fill(undefined);
    this.scanner = new JsonFieldScanner(plan.root, this.slots);
    this.newElement = compileElementFactory(plan);
  }

  /**
   * @throws MalformedUtf8Error, SyntaxError as JSON.parse, TypeError when a field, or an object on the way to one,
   * has another type than declared.
   */
  decode(bytes: Buffer, start: number, end: number): T {
    this.clearSlots();
    if (!this.scanner.scan(bytes, start, end)) {
      const value: unknown = JSON.parse(decodeUtf8(bytes, start, end));
      if (value === null) return null as T;
      this.clearSlots();
      this.fillSlots(this.plan.root, value);
    }
    return this.newElement(this.slots) as T;
  }

  encode(value: T): Uint8Array {
    return encodeJson(value);
  }

  private clearSlots(): void {
    const slots = this.slots;
    for (let slot = 0; slot < slots.length; slot += 1) slots[slot] = undefined;
  }

  private fillSlots(node: PlannedNode, value: unknown): void {
    if (value === null) {
      this.slots[node.slot] = null;
    } else if (!(node instanceof PlannedObject)) {
      if (typeof value !== node.type) throw mistyped(node, value);
      this.slots[node.slot] = value as FieldValue;
    } else if (typeof value !== 'object' || Array.isArray(value)) {
      throw mistyped(node, value);
    } else {
      this.slots[node.slot] = true;
      for (const child of node.children) {
        if (!Object.hasOwn(value, child.name)) continue;
        this.fillSlots(child, (value as Readonly<Record<string, unknown>>)[child.name]);
      }
    }
  }
}

function mistyped(node: PlannedNode, value: unknown): TypeError {
  const what = node.path === '' ? 'The JSON value' : `The JSON field '${node.path}'`;
  const found = Array.isArray(value) ? 'array' : typeof value;
  return new TypeError(
    `${what} should be ${withArticle(node.type)}, and is ${withArticle(found)}: correct the record, or the codec's 'fields'.`,
  );
}

function withArticle(type: string): string {
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`;
}
