import { expect, it } from 'vitest';
import { checkpointId, executionAttempt } from '../../src/protocol/ids.js';
import type { Sink } from '../../src/sinks/sink.js';
import { OperatorSubtask } from '../operators/operator-subtask.js';
import { SimulatedClock } from '../simulation/simulated-clock.js';
import { SimulatedRandom } from '../simulation/simulated-random.js';

/** Takes one record, and the next only once a checkpoint is complete: as a sink does that has no transactional id left. */
class SinkThatWaitsForCheckpoints implements Sink<number> {
  readonly kind = 'waiting-sink';
  readonly description = '';
  readonly written: number[] = [];

  createWriter({ availability }: Parameters<Sink<number>['createWriter']>[0]) {
    return {
      write: (value: number) => {
        this.written.push(value);
        availability.block();
      },
      prepare: async () => [],
      notifyCheckpointComplete: () => availability.unblock(),
      notifyCheckpointAborted: () => {},
      close: async () => {},
    };
  }
}

it('tells a sink of a completed checkpoint while an emission is suspended because of that sink', async () => {
  const sink = new SinkThatWaitsForCheckpoints();
  const subtask = await OperatorSubtask.open<number>(
    (input) => input.flatMap((first) => [first, first + 1, first + 2]).sinkTo(sink),
    {
      clock: new SimulatedClock(new SimulatedRandom(1)),
      state: { open: () => Promise.reject(new Error('No keyed state here.')), close: async () => {} },
      attempt: executionAttempt(1),
      restored: [],
      outputSize: 'unbounded',
    },
  );
  subtask.offer({ kind: 'record', value: 7, timestamp: 0 });
  subtask.step();
  expect(subtask.step()).toBe('blocked');
  for (const id of [1, 2, 3]) {
    subtask.notifyCheckpointComplete(checkpointId(id));
    subtask.step();
  }
  expect(sink.written).toEqual([7, 8, 9]);
  expect(subtask.failures).toEqual([]);
});
