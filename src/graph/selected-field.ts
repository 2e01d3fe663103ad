/**
 * The field that a selector like `(event) => event.user_id` selects; undefined for any other selector. Known from its
 * source text, which is certain: calling it with something that notes what is read would not show what it does with
 * other values. A selector whose text says more is merely not recognised.
 */
export function selectedField(selector: (...values: never[]) => unknown): string | undefined {
  const [, bracketed, bare, object, field] =
    fieldSelector.exec(Function.prototype.toString.call(selector)) ?? [];
  return object !== undefined && (bracketed ?? bare) === object ? field : undefined;
}

const fieldSelector = /^(?:\(\s*([\w$]+)\s*\)|([\w$]+))\s*=>\s*([\w$]+)\.([\w$]+)$/;
