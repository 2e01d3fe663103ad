import type { NewNode, StreamGraphBuilder } from '../graph/stream-graph-builder.js';
import { type OptionNames, unknownOptions } from './option-names.js';

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

export const operatorOptionNames: OptionNames<OperatorOptions> = { uid: true, name: true, parallelism: true };

/**
 * What the options say of an operator's node. Those that do not exist are added to the job's mistakes: with a slip in
 * `uid` the state would be lost when the job changes.
 */
export function readOperatorOptions(
  builder: StreamGraphBuilder,
  options: OperatorOptions,
  defaultName: string,
  known: object = operatorOptionNames,
): Pick<NewNode, 'uid' | 'parallelism' | 'name'> {
  const { uid, parallelism } = options;
  const name = options.name ?? uid ?? defaultName;
  for (const mistake of unknownOptions(name, options, Object.keys(known))) builder.addMistake(mistake);
  return { uid, parallelism, name };
}
