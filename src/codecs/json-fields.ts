/** Fields by path, with the type of each. A dot leads into an object: no name may hold one. */
export type JsonFields = Readonly<Record<string, JsonFieldType>>;

export type JsonFieldType = 'string' | 'number' | 'boolean';

/** The fields to decode as a tree, and how many slots their values take. */
export interface FieldPlan {
  readonly root: PlannedObject;
  readonly slotCount: number;
}

/** A field or an object on the way to one. */
export type PlannedNode = PlannedObject | PlannedField;

/** One class for both kinds, so that the scanner's reads of a node stay monomorphic. */
abstract class PlannedEntry {
  /** The name in UTF-8, as it stands in a text that escapes nothing. */
  readonly nameBytes: Uint8Array;

  constructor(
    readonly path: string,
    readonly name: string,
    /** Where the value is put while a record is read. */
    readonly slot: number,
  ) {
    this.nameBytes = Buffer.from(name, 'utf8');
  }
}

export class PlannedField extends PlannedEntry {
  constructor(
    path: string,
    name: string,
    slot: number,
    readonly type: JsonFieldType,
  ) {
    super(path, name, slot);
  }
}

/** An object that holds fields wanted. Its slot says whether the record has it. */
export class PlannedObject extends PlannedEntry {
  readonly type = 'object';
  readonly children: PlannedNode[] = [];
  /** Bit n % 32 is set when a child's name has n bytes: most names are told apart by that alone. */
  nameLengths = 0;

  add(child: PlannedNode): void {
    this.children.push(child);
    this.nameLengths |= 1 << (child.nameBytes.length & 31);
  }
}

/** @throws TypeError for no fields, an unknown type, an empty name, or a field inside another. */
export function planFields(fields: JsonFields): FieldPlan {
  const root = new PlannedObject('', '', 0);
  let slotCount = 1;
  for (const [path, type] of Object.entries(fields ?? {})) {
    checkType(path, type);
    const names = path.split('.');
    const name = names.pop() ?? '';
    let parent = root;
    for (const [depth, parentName] of names.entries()) {
      checkName(path, parentName);
      const known = parent.children.find((child) => child.name === parentName);
      if (known instanceof PlannedField) throw nestedFields(known.path, path);
      const next = known ?? new PlannedObject(names.slice(0, depth + 1).join('.'), parentName, slotCount++);
      if (known === undefined) parent.add(next);
      parent = next;
    }
    checkName(path, name);
    const clash = parent.children.find((child) => child.name === name);
    if (clash !== undefined) throw nestedFields(path, `${path}.…`);
    parent.add(new PlannedField(path, name, slotCount++, type));
  }
  if (root.children.length === 0) {
    throw new TypeError(
      "json() is given no fields: name some, as in { user_id: 'string' }, or leave the option out.",
    );
  }
  return { root, slotCount };
}

function checkType(path: string, type: unknown): void {
  if (type === 'string' || type === 'number' || type === 'boolean') return;
  throw new TypeError(
    `The JSON field '${path}' is declared as ${String(type)}: give 'string', 'number' or 'boolean', and leave the option 'fields' out to decode whole objects and arrays.`,
  );
}

function checkName(path: string, name: string): void {
  if (name === '') {
    throw new TypeError(
      `The JSON field '${path}' has an empty name in its path: put one name between two dots.`,
    );
  }
  // Half a surrogate pair has no UTF-8: its bytes would be those of U+FFFD, and match another field's.
  if (Buffer.from(name, 'utf8').toString('utf8') !== name) {
    throw new TypeError(
      `The JSON field '${path}' has half a surrogate pair in its path, which no record can hold.`,
    );
  }
}

function nestedFields(outer: string, inner: string): TypeError {
  return new TypeError(
    `The JSON field '${inner}' lies inside '${outer}', which is declared as a field itself: keep one of them.`,
  );
}
