/**
 * How many subtasks an operator has in a job of this parallelism: as many as the job, or fewer where the operator
 * says so. More than the job has slots can't be, since a slot runs one subtask of a vertex.
 */
export function operatorParallelism(
  { parallelism }: { readonly parallelism: number | undefined },
  jobParallelism: number,
): number {
  return parallelism === undefined ? jobParallelism : Math.min(parallelism, jobParallelism);
}
