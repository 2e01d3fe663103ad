import { closingKeyPrefix, closingTime, eventTimeStart, type LedgerEvent } from './ledger-event.js';
import type { Scenario } from './scenario.js';
import type { SimulatedRandom } from './simulated-random.js';

/** The events of one partition of an input topic, in order. */
export interface PartitionInput {
  readonly topic: string;
  readonly partition: number;
  readonly events: readonly LedgerEvent[];
}

export function createInput(scenario: Scenario, random: SimulatedRandom): PartitionInput[] {
  return scenario.shape.topics.flatMap((topic) =>
    Array.from({ length: scenario.partitionsPerTopic }, (_, partition) => ({
      topic,
      partition,
      events: eventsOf(scenario, `${topic.at(-1)}${partition}`, random),
    })),
  );
}

function eventsOf(scenario: Scenario, place: string, random: SimulatedRandom): LedgerEvent[] {
  const keys = Array.from(
    { length: 1 + random.integer(scenario.keysPerPartitionMax) },
    // Keys of both lengths: the ledger leaves state for one of them only.
    (_, index) => `${place}-${'k'.repeat(index % 2)}${index}`,
  );
  const numbers = new Map<string, number>();
  const events: LedgerEvent[] = [];
  let at = eventTimeStart;
  for (let left = random.integer(scenario.eventsPerPartitionMax + 1); left > 0; left -= 1) {
    const key = random.pick(keys);
    const number = numbers.get(key) ?? 0;
    numbers.set(key, number + 1);
    at += random.integer(40_000);
    events.push({
      key,
      number,
      at,
      pieces: random.pick([0, 1, 1, 2, scenario.piecesMax]),
      padding: 'p'.repeat(random.integer(scenario.paddingMax)),
    });
  }
  if (!scenario.shape.isBounded) {
    events.push({ key: `${closingKeyPrefix}${place}`, number: 0, at: closingTime, pieces: 1, padding: '' });
  }
  return events;
}
