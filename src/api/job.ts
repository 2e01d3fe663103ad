import type { StreamGraph } from '../graph/stream-graph.js';
import { StreamGraphBuilder } from '../graph/stream-graph-builder.js';
import type { DeclaredSettings } from '../job-manager/job-settings.js';
import { MillraceError } from '../protocol/failures.js';
import { jobName } from '../protocol/ids.js';
import { StreamExecutionEnvironment } from './environment.js';
import { type JobOptions, readJobOptions } from './job-options.js';

/** Recognises a job across copies of this package; `instanceof` would not. */
export const jobBrand: unique symbol = Symbol.for('millrace.job') as never;

/** What a job module exports by default. */
export interface JobDefinition {
  readonly [jobBrand]: true;
  readonly name: string;
  /** What the job says of how it is run; the command line goes before it. */
  readonly settings: DeclaredSettings;
  /** Runs the user's description and gives the graph. Called once in each thread. */
  buildGraph(): StreamGraph;
}

/** The name becomes a folder's, so it is kept to what every file system takes. */
const jobNamePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

/**
 * Describes a job, and how it wants to be run. `build` runs in every thread and must build the same graph each time: no clock, no
 * random numbers, no environment that differs between threads.
 */
export function defineJob(name: string, build: BuildStreams): JobDefinition;
export function defineJob(name: string, options: JobOptions, build: BuildStreams): JobDefinition;
export function defineJob(name: string, ...rest: [BuildStreams] | [JobOptions, BuildStreams]): JobDefinition {
  const [options, build] = rest.length === 1 ? [{}, rest[0]] : rest;
  if (!jobNamePattern.test(name)) {
    throw new MillraceError(
      `"${name}" can't be a job's name: use letters, digits, ".", "_" and "-" (100 at most, a letter or digit first).`,
      { domain: 'user-code', action: 'fail-job' },
    );
  }
  const mistakes: string[] = [];
  const settings = readJobOptions(options, mistakes);
  return {
    [jobBrand]: true,
    name,
    settings,
    buildGraph() {
      const builder = new StreamGraphBuilder();
      for (const mistake of mistakes) builder.addMistake(mistake);
      try {
        build(new StreamExecutionEnvironment(builder));
      } catch (error) {
        throw descriptionFailure(name, error);
      }
      return builder.build(jobName(name));
    },
  };
}

/** Describes a job's streams. */
export type BuildStreams = (env: StreamExecutionEnvironment) => void;

function descriptionFailure(name: string, cause: unknown): MillraceError {
  if (cause instanceof MillraceError) return cause;
  const what = cause instanceof Error ? cause.message : String(cause);
  const place = cause instanceof Error ? /^\s*at (.+)$/m.exec(cause.stack ?? '')?.[1] : undefined;
  const where = place === undefined ? '' : ` (at ${place})`;
  return new MillraceError(`The job "${name}" failed while it described its streams: ${what}${where}`, {
    domain: 'user-code',
    action: 'fail-job',
    cause,
  });
}

export function isJobDefinition(value: unknown): value is JobDefinition {
  return typeof value === 'object' && value !== null && (value as Partial<JobDefinition>)[jobBrand] === true;
}
