import type { Clock } from '../host/clock.js';
import type { LogClient, LogRecord } from './log-port.js';
import { rangesOfTopic } from './partition-ranges.js';
import { WritableGate } from './writable-gate.js';

/**
 * Writes records to a topic that has none yet; one that holds some already is left as it is.
 * @returns how many records it holds now: others than these, where that is another number.
 */
export async function fillEmptyTopic<T>(
  log: LogClient,
  topic: string,
  elements: readonly T[],
  recordOf: (element: T) => Pick<LogRecord, 'partition' | 'key' | 'value'>,
  clock: Clock,
): Promise<number> {
  const held = (await rangesOfTopic(log, topic)).reduce((sum, { from, to }) => sum + to - from, 0);
  if (held > 0) return held;
  const gate = new WritableGate(log);
  try {
    for (const element of elements) {
      // The time of writing: by the elements' own, long past, a broker's retention would delete them at once.
      gate.appender.append({ topic, ...recordOf(element), timestamp: clock.epochMs() });
      if (!gate.appender.isWritable) await gate.writable();
    }
    await gate.appender.flush();
    gate.assertHealthy();
  } finally {
    await gate.appender.close();
  }
  return elements.length;
}
