export const partitionings = [
  'forward',
  'rebalance',
  'rescale',
  'shuffle',
  'global',
  'broadcast',
  'key-by',
  'custom',
] as const;
export type PartitioningName = (typeof partitionings)[number];

/** Which subtask an event came to, behind which partitioner. */
export interface Placement {
  readonly partitioning: PartitioningName;
  readonly id: number;
  readonly user: string;
  readonly subtask: number;
}
