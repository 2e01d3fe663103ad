/** Names a side output and carries the type of what goes there. */
export class OutputTag<T> {
  readonly name: string;
  /** Only for the type checker: a tag of one type is not assignable to a tag of another. */
  declare protected readonly elementType: (value: T) => T;

  constructor(name: string) {
    if (name === '') throw new Error('An OutputTag needs a name that is not empty.');
    this.name = name;
  }
}
