import { type FieldPlan, type PlannedNode, PlannedObject } from './json-fields.js';

/** What a field can hold; `true` also says of a planned object that the record has it. */
export type FieldValue = string | number | boolean | null | undefined;

/** Makes the element from the slots of a record. */
export type ElementFactory = (slots: readonly FieldValue[]) => object;

/**
 * Compiled, since only a literal gives every element the same hidden class without a look-up by name per field.
 * Names enter the program as string literals only.
 */
export function compileElementFactory(plan: FieldPlan): ElementFactory {
  return new Function('slots', `return ${literalOf(plan.root)};`) as ElementFactory;
}

function literalOf(object: PlannedObject): string {
  return `{ ${object.children.map((child) => `${propertyName(child)}: ${slotOf(child)}`).join(', ')} }`;
}

function slotOf(node: PlannedNode): string {
  const value = `slots[${node.slot}]`;
  return node instanceof PlannedObject ? `${value} === true ? ${literalOf(node)} : ${value}` : value;
}

/** In a literal, `__proto__` would set the prototype; computed, it is a property like any other. */
function propertyName({ name }: PlannedNode): string {
  return name === '__proto__' ? '["__proto__"]' : JSON.stringify(name);
}
