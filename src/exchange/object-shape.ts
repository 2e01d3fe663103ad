/**
 * The field names of objects that look alike. Most records of a channel have one shape, and a field of theirs
 * mostly has objects of one shape, so each shape remembers what was last seen below each of its fields: an
 * object is then recognised by comparing names that are the same strings, with no lookup.
 */
export class ObjectShape {
  readonly names: readonly string[];
  /** What was last seen in each field, itself or as an element of an array, Map or Set. */
  readonly below: (ObjectShape | undefined)[];
  /** Written out once in each buffer that uses it, so that every buffer can be read on its own. */
  readonly definition: Uint8Array;
  /** The buffer that has the definition, and the shape's number there. */
  definedInBuffer = -1;
  numberInBuffer = -1;

  constructor(names: readonly string[], definition: Uint8Array) {
    this.names = names;
    this.below = names.map(() => undefined);
    this.definition = definition;
  }
}

/** An object with more fields is data, not a shape; as is every new shape once a channel has had so many. */
const shapeFieldsMax = 128;
const shapesMax = 512;

/** The shapes a channel has had, found by their names in order. */
export class ObjectShapes {
  private readonly root = new ShapeNode();
  private readonly define: (names: readonly string[]) => Uint8Array;
  private size = 0;

  constructor(define: (names: readonly string[]) => Uint8Array) {
    this.define = define;
  }

  /** The shape, made when it is new; undefined for an object that is to be written name by name. */
  find(names: readonly string[]): ObjectShape | undefined {
    if (names.length > shapeFieldsMax) return undefined;
    let node = this.root;
    for (const name of names) {
      let next = node.next.get(name);
      if (next === undefined) {
        if (this.size >= shapesMax) return undefined;
        next = new ShapeNode();
        node.next.set(name, next);
      }
      node = next;
    }
    if (node.shape === undefined && this.size < shapesMax) {
      node.shape = new ObjectShape(names, this.define(names));
      this.size += 1;
    }
    return node.shape;
  }
}

class ShapeNode {
  readonly next = new Map<string, ShapeNode>();
  shape: ObjectShape | undefined;
}
