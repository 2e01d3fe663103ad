/** What every operator may be told. */
export interface OperatorOptions {
  /**
   * Names the operator's state for ever: give one to whatever keeps state, or state is found again only
   * while the job's shape stays the same.
   */
  readonly uid?: string;
  /** For people, in logs and metrics; the uid by default. */
  readonly name?: string;
  /**
   * Fewer subtasks than the job's parallelism, such as 1 for what must see all elements in one place; more has no
   * effect. Elements are redistributed evenly on the way to and from it where nothing else is said.
   */
  readonly parallelism?: number;
}
