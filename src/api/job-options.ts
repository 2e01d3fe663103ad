import type { DeclaredSettings } from '../job-manager/job-settings.js';
import { type RestartStrategy, restartStrategyDefaults } from '../job-manager/restart-strategy.js';
import { type Duration, durationMs } from './duration.js';
import { unknownOptions } from './option-names.js';

/** How a job wants to be run. What the command line says goes before it, and what neither says has a default. */
export interface JobOptions {
  /** Threads, each running one subtask of every operator; 1 by default. */
  readonly parallelism?: number;
  /** Key groups, fixed for as long as the state lives; 128 by default. */
  readonly maxParallelism?: number;
  readonly checkpointing?: CheckpointingOptions;
  /** What happens when the job fails; `exponential-delay` by default. */
  readonly restartStrategy?: RestartStrategyOptions;
}

/** Flink's names. */
export interface CheckpointingOptions {
  /** From the trigger of one checkpoint to that of the next, 10 ms at least; `'1s'` by default. */
  readonly interval?: Duration;
  /** A checkpoint that takes longer has failed; `'10m'` by default. */
  readonly timeout?: Duration;
  /** At least so long from the end of a checkpoint to the next trigger; none by default. */
  readonly minPause?: Duration;
  /** So many checkpoints in a row may fail before the job restarts; 0 by default. */
  readonly tolerableFailures?: number;
}

/** Flink's restart strategies and their settings; what is left out has the strategy's default. */
export type RestartStrategyOptions =
  | { readonly kind: 'none' }
  | { readonly kind: 'fixed-delay'; readonly attempts?: number; readonly delay?: Duration }
  | {
      readonly kind: 'exponential-delay';
      readonly initialBackoff?: Duration;
      readonly maxBackoff?: Duration;
      /** Each pause is so many times the one before; at least 1. */
      readonly backoffMultiplier?: number;
      /** After running for so long, the next failure is a first one again. */
      readonly resetBackoffThreshold?: Duration;
      /** The pause varies by up to this fraction of itself, 0 to 1. */
      readonly jitterFactor?: number;
      readonly attemptsBeforeResetBackoff?: number;
    }
  | {
      readonly kind: 'failure-rate';
      readonly maxFailuresPerInterval?: number;
      readonly failureRateInterval?: Duration;
      readonly delay?: Duration;
    };

/** The key-group encoding has two bytes for a group's number; Flink's bound is the same. */
export const maxParallelismLimit = 32_768;
/** More threads than any one machine has cores for; a larger number is a slip of the finger. */
export const parallelismLimit = 1_024;
/** A checkpoint takes a few milliseconds at best; asking for more of them would only queue them. */
export const checkpointIntervalMinMs = 10;
/** More restarts than any job has. */
const restartsLimit = 1_000_000_000;

/** Reads what a job says of its settings. Each mistake is added to `mistakes`, and its setting left out. */
export function readJobOptions(options: JobOptions, mistakes: string[]): DeclaredSettings {
  const read = new OptionReader(mistakes);
  read.knownNames('defineJob', options, [
    'parallelism',
    'maxParallelism',
    'checkpointing',
    'restartStrategy',
  ]);
  const { checkpointing = {}, restartStrategy } = options;
  read.knownNames('checkpointing', checkpointing, ['interval', 'timeout', 'minPause', 'tolerableFailures']);
  const checkpoints = {
    ...named(
      'checkpointIntervalMs',
      read.duration('checkpointing.interval', checkpointing.interval, checkpointIntervalMinMs),
    ),
    ...named('checkpointTimeoutMs', read.duration('checkpointing.timeout', checkpointing.timeout, 1)),
    ...named('minPauseMs', read.duration('checkpointing.minPause', checkpointing.minPause, 0)),
    ...named(
      'tolerableFailedCheckpoints',
      read.wholeNumber('checkpointing.tolerableFailures', checkpointing.tolerableFailures, 0, restartsLimit),
    ),
  };
  return {
    parallelism: read.wholeNumber('parallelism', options.parallelism, 1, parallelismLimit),
    maxParallelism: read.wholeNumber('maxParallelism', options.maxParallelism, 1, maxParallelismLimit),
    checkpoints,
    restartStrategy: restartStrategy === undefined ? undefined : readRestartStrategy(restartStrategy, read),
  };
}

function readRestartStrategy(given: RestartStrategyOptions, read: OptionReader): RestartStrategy | undefined {
  const { fixedDelay, exponentialDelay, failureRate } = restartStrategyDefaults;
  switch (given.kind) {
    case 'none':
      read.knownNames('restartStrategy', given, ['kind']);
      return given;
    case 'fixed-delay':
      read.knownNames('restartStrategy', given, ['kind', 'attempts', 'delay']);
      return {
        ...fixedDelay,
        ...named('attempts', read.restarts('attempts', given.attempts)),
        ...named('delayMs', read.pause('delay', given.delay)),
      };
    case 'exponential-delay':
      return readExponentialDelay(given, exponentialDelay, read);
    case 'failure-rate':
      read.knownNames('restartStrategy', given, [
        'kind',
        'maxFailuresPerInterval',
        'failureRateInterval',
        'delay',
      ]);
      return {
        ...failureRate,
        ...named(
          'maxFailuresPerInterval',
          read.restarts('maxFailuresPerInterval', given.maxFailuresPerInterval),
        ),
        ...named('failureRateIntervalMs', read.pause('failureRateInterval', given.failureRateInterval)),
        ...named('delayMs', read.pause('delay', given.delay)),
      };
    default:
      read.mistakes.push(
        `its restartStrategy is ${JSON.stringify((given as { kind?: unknown }).kind)}: give { kind: 'none' | 'fixed-delay' | 'exponential-delay' | 'failure-rate', … }`,
      );
      return undefined;
  }
}

function readExponentialDelay(
  given: Extract<RestartStrategyOptions, { kind: 'exponential-delay' }>,
  defaults: Extract<RestartStrategy, { kind: 'exponential-delay' }>,
  read: OptionReader,
): RestartStrategy {
  const { initialBackoff, maxBackoff, backoffMultiplier, jitterFactor, attemptsBeforeResetBackoff } = given;
  read.knownNames('restartStrategy', given, [
    'kind',
    'initialBackoff',
    'maxBackoff',
    'backoffMultiplier',
    'resetBackoffThreshold',
    'jitterFactor',
    'attemptsBeforeResetBackoff',
  ]);
  const strategy = {
    ...defaults,
    ...named('initialBackoffMs', read.pause('initialBackoff', initialBackoff)),
    ...named('maxBackoffMs', read.pause('maxBackoff', maxBackoff)),
    ...named('backoffMultiplier', read.factor('backoffMultiplier', backoffMultiplier, 1, 1_000)),
    ...named('resetBackoffThresholdMs', read.pause('resetBackoffThreshold', given.resetBackoffThreshold)),
    ...named('jitterFactor', read.factor('jitterFactor', jitterFactor, 0, 1)),
    ...named(
      'attemptsBeforeResetBackoff',
      read.restarts('attemptsBeforeResetBackoff', attemptsBeforeResetBackoff),
    ),
  };
  if (strategy.initialBackoffMs <= strategy.maxBackoffMs) return strategy;
  if (maxBackoff !== undefined)
    read.mistakes.push(
      `restartStrategy.initialBackoff is ${initialBackoff ?? `${defaults.initialBackoffMs}ms`}, more than its maxBackoff ${maxBackoff}`,
    );
  return { ...strategy, maxBackoffMs: strategy.initialBackoffMs };
}

/** Checks one setting at a time; undefined for one that is not given, or not well. */
class OptionReader {
  readonly mistakes: string[];

  constructor(mistakes: string[]) {
    this.mistakes = mistakes;
  }

  /** A slip in a name would else leave a default in place of what was meant. */
  knownNames(what: string, given: object, known: readonly string[]): void {
    this.mistakes.push(...unknownOptions(what, given, known));
  }

  wholeNumber(name: string, given: number | undefined, min: number, max: number): number | undefined {
    if (given === undefined) return undefined;
    if (Number.isSafeInteger(given) && given >= min && given <= max) return given;
    this.mistakes.push(`its ${name} is ${String(given)}: give a whole number from ${min} to ${max}`);
    return undefined;
  }

  restarts(name: string, given: number | undefined): number | undefined {
    return this.wholeNumber(`restartStrategy.${name}`, given, 1, restartsLimit);
  }

  factor(name: string, given: number | undefined, min: number, max: number): number | undefined {
    if (given === undefined) return undefined;
    if (given >= min && given <= max) return given;
    this.mistakes.push(
      `its restartStrategy.${name} is ${String(given)}: give a number from ${min} to ${max}`,
    );
    return undefined;
  }

  duration(name: string, given: Duration | undefined, minMs: number): number | undefined {
    if (given === undefined) return undefined;
    try {
      const ms = durationMs(given, `its ${name}`);
      if (ms >= minMs) return ms;
      this.mistakes.push(`its ${name} is ${given}: give at least ${minMs}ms`);
    } catch (error) {
      this.mistakes.push((error as Error).message.replace(/\.$/, ''));
    }
    return undefined;
  }

  pause(name: string, given: Duration | undefined): number | undefined {
    return this.duration(`restartStrategy.${name}`, given, 0);
  }
}

/** Nothing for a setting that was not given, so that a default in front of it stays. */
function named<Name extends string, T>(name: Name, value: T | undefined): { readonly [N in Name]?: T } {
  return (value === undefined ? {} : { [name]: value }) as { readonly [N in Name]?: T };
}
