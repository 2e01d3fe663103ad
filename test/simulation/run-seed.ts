import type { StrikeKind } from './fault-plan.js';
import { readFinalState } from './final-state.js';
import { InputFeeder } from './input-feeder.js';
import { groupTopic, ledgerTopic, reminderTopic } from './job-under-test.js';
import { createInput } from './ledger-input.js';
import { computeNaively, type ExpectedOutput } from './naive-computation.js';
import { type Scenario, scenarioOf } from './scenario.js';
import { SimulatedWorld } from './simulated-world.js';

/** What one seed showed. */
export interface SeedResult {
  readonly seed: number;
  /** Empty when all is well. */
  readonly violations: readonly string[];
  readonly traceDigest: string;
  readonly effects: number;
  readonly processStarts: number;
  readonly struck: ReadonlyMap<StrikeKind['kind'], number>;
  readonly checkpointsCompleted: number;
  readonly attempts: number;
  readonly virtualMs: number;
  readonly lastTraceLines: readonly string[];
}

/** Runs the world of a seed to its end and holds everything that came out against the naive computation. */
export async function runSeed(seed: number, traceLinesKept = 60): Promise<SeedResult> {
  return runScenario(scenarioOf(seed), traceLinesKept);
}

async function runScenario(scenario: Scenario, traceLinesKept: number): Promise<SeedResult> {
  const world = new SimulatedWorld(scenario, traceLinesKept);
  const { invariants, supervisor, clock } = world;
  const rejections = (error: unknown): void => {
    invariants.violated(`A promise was rejected and nobody handles it: ${describeError(error)}`);
  };
  process.on('unhandledRejection', rejections);
  try {
    await runWorld(world);
  } catch (error) {
    invariants.violated(describeError(error));
  } finally {
    process.off('unhandledRejection', rejections);
  }
  return {
    seed: scenario.seed,
    violations: invariants.violations,
    effects: world.trace.effectCount,
    processStarts: supervisor.starts,
    struck: world.faults.struck,
    checkpointsCompleted: invariants.checkpointsCompleted,
    attempts: invariants.attemptsLaunched,
    virtualMs: clock.monotonicMs(),
    lastTraceLines: [...world.trace.lastLines],
    traceDigest: world.trace.digest(),
  };
}

async function runWorld(world: SimulatedWorld): Promise<void> {
  const { scenario, clock, supervisor, invariants } = world;
  const { cluster } = world.log;
  for (const topic of scenario.shape.topics) cluster.createTopic(topic, scenario.partitionsPerTopic);
  for (const topic of outputTopics) cluster.createTopic(topic, outputPartitions);
  const inputs = createInput(scenario, world.random.fork());
  const expected = computeNaively(inputs);
  const feeder = new InputFeeder(world);
  const { isBounded } = scenario.shape;
  const feeding = feeder.feed(inputs, isBounded ? 0 : scenario.feedMs);
  if (isBounded) {
    await clock.runUntil(() => feeder.isDone, virtualMsMax);
    // A job that is bounded by the end sees what is committed, and a commit's markers come a little later.
    await clock.advance(settledAfterMs);
  }
  supervisor.start();
  if (!isBounded) stopOnceComplete(world, expected, feeder);
  await runToEnd(world);
  if (invariants.violations.length > 0) {
    compareOutput(world, expected);
    return;
  }
  await feeding;
  // What dead processes left on its way arrives, and markers are written.
  await clock.advance(settledAfterMs);
  compareOutput(world, expected);
  world.faults.heal();
  const open = cluster.openTransactions();
  if (open.length > 0) invariants.violated(`Transactions left open: ${JSON.stringify(open)}`);
  await compareState(world, expected);
}

async function runToEnd({ clock, supervisor, invariants }: SimulatedWorld): Promise<void> {
  const isOver = (): boolean => supervisor.isDone || invariants.violations.length > 0;
  try {
    await clock.runUntil(isOver, virtualMsMax);
  } catch {
    invariants.violated(`The job is not done after ${virtualMsMax} ms, though nothing fails any more.`);
  }
}

/** A job without end is stopped when everything has come out. */
function stopOnceComplete(world: SimulatedWorld, expected: ExpectedOutput, feeder: InputFeeder): void {
  const wanted = outputsOf(world, expected).map(({ topic, byKey }) => ({
    topic,
    count: [...byKey.values()].flat().length,
  }));
  const look = (): void => {
    if (world.supervisor.isDone) return;
    world.afterMs(lookIntervalMs, look);
    const isComplete = wanted.every(
      ({ topic, count }) => world.log.cluster.committedRecords(topic).length >= count,
    );
    if (feeder.isDone && isComplete) world.supervisor.requestLastStop();
  };
  look();
}

function compareOutput(world: SimulatedWorld, expected: ExpectedOutput): void {
  for (const { topic, byKey } of outputsOf(world, expected)) {
    const written = new Map<string, string[]>();
    for (const record of world.log.cluster.committedRecords(topic)) {
      const key = String(record.key);
      written.set(key, [...(written.get(key) ?? []), String(record.value)]);
    }
    for (const key of new Set([...byKey.keys(), ...written.keys()])) {
      const wanted = (byKey.get(key) ?? []).map((line) => JSON.stringify(line));
      const difference = firstDifference(written.get(key) ?? [], wanted);
      if (difference !== undefined) world.invariants.violated(`Topic ${topic}, key ${key}: ${difference}`);
    }
  }
}

function outputsOf({ scenario }: SimulatedWorld, expected: ExpectedOutput) {
  const { hasSideOutput, hasSecondStage } = scenario.shape;
  const nothing: ReadonlyMap<string, readonly unknown[]> = new Map();
  const outputs: { topic: string; byKey: ReadonlyMap<string, readonly unknown[]> }[] = [
    { topic: ledgerTopic, byKey: expected.ledger },
    { topic: reminderTopic, byKey: hasSideOutput ? expected.reminders : nothing },
    { topic: groupTopic, byKey: hasSecondStage ? expected.groups : nothing },
  ];
  return outputs;
}

async function compareState(world: SimulatedWorld, expected: ExpectedOutput): Promise<void> {
  const keys = [...expected.ledger.keys()];
  let found: Awaited<ReturnType<typeof readFinalState>> | undefined;
  const reading = readFinalState(world, keys).then((state) => {
    found = state;
  });
  await world.clock.advance(stateReadMsMax);
  await Promise.race([reading, Promise.resolve()]);
  if (found === undefined) {
    world.invariants.violated('The final state could not be read in time.');
    return;
  }
  for (const key of keys) {
    const wanted = JSON.stringify(expected.state.get(key));
    const actual = JSON.stringify(found.get(key));
    if (wanted !== actual) world.invariants.violated(`State of key ${key}: ${actual}, expected ${wanted}`);
  }
}

function firstDifference(written: readonly string[], wanted: readonly string[]): string | undefined {
  for (let index = 0; index < Math.max(written.length, wanted.length); index += 1) {
    if (written[index] === wanted[index]) continue;
    return `record ${index} of ${written.length} is ${written[index]}, expected ${wanted[index]} (of ${wanted.length})`;
  }
  return undefined;
}

function describeError(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

const outputTopics = [ledgerTopic, reminderTopic, groupTopic];
const outputPartitions = 2;
const virtualMsMax = 60_000;
const lookIntervalMs = 250;
/** Longer than any request or marker is under way. */
const settledAfterMs = 3_000;
const stateReadMsMax = 1_000;
