/** What tells one generated source from another. */
export interface Generation<T> {
  readonly kind: string;
  readonly description: string;
  readonly splitCount: number;
  readonly boundedness: 'bounded' | 'continuous';
  /** Elements of a split, 0 or more; as good as infinite where the source is continuous. */
  elementsOf(splitIndex: number): number;
  /** The element at a position, 0 … elementsOf-1, of a split: always the same, so that a restored position goes on with the same elements. */
  elementAt(splitIndex: number, position: number): T;
  /** Over all splits together; undefined emits as fast as the job takes it. */
  readonly ratePerSecond: number | undefined;
}
