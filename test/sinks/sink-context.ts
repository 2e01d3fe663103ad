import { OutputAvailability } from '../../src/exchange/output-availability.js';
import type { LogClient } from '../../src/log/log-port.js';
import { executionAttempt, subtaskIndex } from '../../src/protocol/ids.js';
import type { SinkWriterContext } from '../../src/sinks/sink.js';
import { SimulatedClock } from '../simulation/simulated-clock.js';
import { SimulatedRandom } from '../simulation/simulated-random.js';

/** A writer's surroundings that remember what it did to them. */
export class SinkContextOfTest {
  readonly failures: unknown[] = [];
  readonly reported: unknown[] = [];
  readonly clock: SimulatedClock;
  readonly availability = new OutputAvailability(() => {});

  constructor(clock = new SimulatedClock(new SimulatedRandom(1))) {
    this.clock = clock;
  }

  context(
    options: { log?: () => Promise<LogClient>; parallelism?: number; subtask?: number } = {},
  ): SinkWriterContext {
    return {
      operatorName: 'out',
      subtaskIndex: subtaskIndex(options.subtask ?? 0),
      parallelism: options.parallelism ?? 1,
      attempt: executionAttempt(1),
      restoredCommittables: [],
      availability: this.availability,
      clock: this.clock,
      log:
        options.log ??
        (async () => {
          throw new Error('This sink needs no log.');
        }),
      fail: (error) => this.failures.push(error),
      report: (value) => this.reported.push(value),
    };
  }
}
