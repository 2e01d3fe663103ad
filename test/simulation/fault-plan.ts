import type { SimulatedRandom } from './simulated-random.js';

/** What goes wrong in a run, decided before it begins. */
export interface FaultPlan {
  /** One after the other: the next is armed when the one before has struck. */
  readonly strikes: readonly Strike[];
  readonly disk: DiskFaultRates;
  readonly log: LogFaultRates;
  /** From then on nothing fails any more, and the job must reach its end. */
  readonly healedAtMs: number;
}

export interface Strike {
  readonly when: StrikeMoment;
  readonly what: StrikeKind;
}

export type StrikeMoment =
  /** So many ms after the strike before. */
  | { readonly kind: 'time'; readonly afterMs: number }
  /** Just before the n-th effect after the strike before. */
  | { readonly kind: 'effect'; readonly countdown: number }
  /** Just before an effect that follows the n-th one of a certain kind by so many others. */
  | {
      readonly kind: 'phase';
      readonly pattern: RegExp;
      readonly occurrence: number;
      readonly effectsLater: number;
    };

export type StrikeKind =
  /** `kill -9`: all threads at once. */
  | { readonly kind: 'kill-process' }
  /** The thread that is about to have the effect, or else thread `slot`, ends with an error. */
  | { readonly kind: 'crash-thread'; readonly slot: number }
  /** Nothing of it is heard any more, and nobody is told. */
  | { readonly kind: 'lose-thread'; readonly slot: number }
  /** The same, and it can't be ended either, as if inside a native call: only the process's end ends it. */
  | { readonly kind: 'stick-thread'; readonly slot: number }
  /** The next call of user code throws. */
  | { readonly kind: 'throw' }
  /** SIGTERM: one last checkpoint, then a new process goes on. */
  | { readonly kind: 'stop' };

export interface DiskFaultRates {
  readonly failure: number;
  readonly unknownOutcome: number;
  readonly slowness: number;
  readonly slowMsMax: number;
  readonly mergeFailure: number;
}

export interface LogFaultRates {
  readonly requestLoss: number;
  readonly replyLoss: number;
  readonly slowness: number;
}

/** The steps of a checkpoint, of a commit and of a recovery, as they appear in the trace. */
const phases: readonly RegExp[] = [
  /control trigger-checkpoint/,
  /control checkpoint-acknowledged/,
  /write slots/,
  /write checkpoints/,
  /write attempts/,
  /control checkpoint-complete/,
  /log prepare-transaction/,
  /log end-transaction/,
  /log begin-transaction/,
  /log append/,
  /log commit-offsets/,
  /control deploy/,
  /control running/,
  /control graph-built/,
  /control subtask-finished/,
  /control shut-down/,
  /launch/,
  /remove/,
];

export function planFaults(random: SimulatedRandom, parallelism: number): FaultPlan {
  const strikes = Array.from({ length: random.pick([0, 1, 1, 2, 2, 3, 5]) }, (_, index) => ({
    when: momentOf(random, index > 0),
    what: strikeOf(random, parallelism),
  }));
  const hasBadDisk = random.chance(0.35);
  const hasBadLog = random.chance(0.5);
  return {
    strikes,
    disk: {
      failure: hasBadDisk ? 0.04 : 0,
      unknownOutcome: hasBadDisk ? 0.01 : 0,
      slowness: random.chance(0.3) ? 0.08 : 0,
      slowMsMax: random.pick([100, 4_000]),
      mergeFailure: hasBadDisk ? 0.01 : 0,
    },
    log: {
      requestLoss: hasBadLog ? 0.04 : 0,
      replyLoss: hasBadLog ? 0.06 : 0,
      slowness: random.chance(0.5) ? 0.05 : 0,
    },
    healedAtMs: 15_000,
  };
}

function momentOf(random: SimulatedRandom, isLater: boolean): StrikeMoment {
  const draw = random.next();
  // A strike soon after another one hits the recovery from it.
  if (isLater && draw < 0.4) return { kind: 'effect', countdown: 1 + random.integer(80) };
  if (draw < 0.75) {
    return {
      kind: 'phase',
      pattern: random.pick(phases),
      occurrence: 1 + random.integer(4),
      effectsLater: random.integer(3),
    };
  }
  if (draw < 0.85) return { kind: 'time', afterMs: random.next() * 1_500 };
  return { kind: 'effect', countdown: 1 + random.integer(500) };
}

function strikeOf(random: SimulatedRandom, parallelism: number): StrikeKind {
  const slot = random.integer(parallelism);
  const draw = random.next();
  if (draw < 0.45) return { kind: 'kill-process' };
  if (draw < 0.7) return { kind: 'crash-thread', slot };
  if (draw < 0.77) return { kind: 'lose-thread', slot };
  if (draw < 0.8) return { kind: 'stick-thread', slot };
  return draw < 0.92 ? { kind: 'throw' } : { kind: 'stop' };
}
