import { type FaultPlan, planFaults } from './fault-plan.js';
import { inputTopics } from './job-under-test.js';
import { SimulatedRandom } from './simulated-random.js';

/** Everything about one run that its seed decides before it begins. */
export interface Scenario {
  readonly seed: number;
  readonly shape: JobShape;
  readonly parallelism: number;
  readonly maxParallelism: number;
  readonly checkpointIntervalMs: number;
  readonly checkpointTimeoutMs: number;
  readonly minPauseMs: number;
  readonly idReservationSize: number;
  readonly tolerableFailedCheckpoints: number;
  readonly partitionsPerTopic: number;
  readonly keysPerPartitionMax: number;
  readonly eventsPerPartitionMax: number;
  readonly piecesMax: number;
  readonly paddingMax: number;
  /** Events that are appended together, and fetched together. */
  readonly batchEventsMax: number;
  /** Virtual time over which the events of a job without end arrive. */
  readonly feedMs: number;
  /** One turn of a thread's event loop, by slot. */
  readonly turnMsMaxBySlot: readonly number[];
  /** Between two looks of a thread at its clock, by slot. */
  readonly msPerLookBySlot: readonly number[];
  /** Records that a task processes before another of its thread has its turn. */
  readonly recordsPerStepMax: number;
  readonly channelDelayMsMax: number;
  readonly controlDelayMsMax: number;
  readonly faults: FaultPlan;
}

/** What the job under test looks like. */
export interface JobShape {
  readonly topics: readonly string[];
  readonly isBounded: boolean;
  readonly hasSideOutput: boolean;
  readonly hasSecondStage: boolean;
  /** Two topics are two inputs of one function, and no union. */
  readonly isConnected: boolean;
  /** Before the ledger, elements wait for answers from outside. */
  readonly asyncStage: 'none' | 'ordered' | 'by-key';
  /** Of the second stage; undefined for the job's. */
  readonly secondStageParallelism: number | undefined;
  readonly outOfOrdernessMs: number;
  readonly transactionPoolSize: number;
}

export function scenarioOf(seed: number): Scenario {
  const random = new SimulatedRandom(seed);
  const parallelism = 1 + random.integer(3);
  const isUnion = random.chance(0.4);
  const isBounded = random.chance(0.35);
  const isLarge = random.chance(0.15);
  return {
    seed,
    shape: {
      topics: isUnion ? inputTopics : inputTopics.slice(0, 1),
      isBounded,
      hasSideOutput: random.chance(0.5),
      hasSecondStage: random.chance(0.4),
      // Without the generator's numbers, so that every other scenario stays what it was.
      isConnected: isUnion && seed % 2 === 0,
      asyncStage: asyncStages[seed % asyncStages.length]!,
      secondStageParallelism: seed % 3 === 0 ? 1 : undefined,
      outOfOrdernessMs: random.pick([0, 1, 30_000]),
      transactionPoolSize: random.pick([5, 8]),
    },
    parallelism,
    maxParallelism: random.pick([8, 128]),
    checkpointIntervalMs: random.pick([20, 50, 120, 400]),
    checkpointTimeoutMs: random.pick([1_500, 10_000]),
    minPauseMs: random.pick([0, 10]),
    idReservationSize: random.pick([2, 100]),
    tolerableFailedCheckpoints: random.pick([0, 2, 5]),
    partitionsPerTopic: isUnion ? 2 : random.pick([2, 4]),
    keysPerPartitionMax: 4,
    eventsPerPartitionMax: isLarge ? 30 : 16,
    batchEventsMax: random.pick([1, 3, 30]),
    piecesMax: isLarge ? 12 : 5,
    paddingMax: isLarge ? 20_000 : 20,
    feedMs: random.pick([300, 1_500, 4_000]),
    turnMsMaxBySlot: Array.from({ length: parallelism }, () =>
      random.chance(0.3) ? random.pick([3, 25]) : 0.3,
    ),
    msPerLookBySlot: Array.from({ length: parallelism }, () => random.pick([0, 0.7, 0.7])),
    recordsPerStepMax: random.pick([1, 3, 20, 256]),
    channelDelayMsMax: random.pick([0.5, 3, 60]),
    controlDelayMsMax: random.pick([0.5, 3, 25]),
    faults: planFaults(random.fork(), parallelism),
  };
}

/** Three of five jobs are without one. */
const asyncStages = ['none', 'ordered', 'none', 'by-key', 'none'] as const;
