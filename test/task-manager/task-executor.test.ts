import { describe, expect, it } from 'vitest';
import { TaskExecutor } from '../../src/task-manager/task-executor.js';
import { SimulatedClock } from '../simulation/simulated-clock.js';
import { SimulatedRandom } from '../simulation/simulated-random.js';
import { ScriptedSubtask } from './scripted-subtask.js';

const bufferTimeoutMs = 100;

/** Subtasks on an executor whose slices take no time; between two of them passes what the test says. */
class ExecutorFixture {
  readonly clock = new SimulatedClock(new SimulatedRandom(1));
  readonly tasks: ScriptedSubtask[];
  readonly executor: TaskExecutor;
  readonly errors: unknown[] = [];
  slices = 0;

  constructor(subtaskCount: number, betweenSlicesMs = 0) {
    this.tasks = Array.from(
      { length: subtaskCount },
      () => new ScriptedSubtask(this.clock, () => this.executor.wake()),
    );
    this.executor = new TaskExecutor(
      this.tasks.map((task) => task.subtask),
      {
        clock: this.clock,
        eventLoop: {
          nextTurn: (callback) => {
            this.slices += 1;
            this.clock.setTimer(betweenSlicesMs, callback);
          },
        },
        bufferTimeoutMs,
        recordsPerStepMax: 256,
        onError: (error) => this.errors.push(error),
      },
    );
  }

  /** Everything that is due now. */
  settle(): Promise<void> {
    return this.clock.advance(0);
  }
}

describe('The executor', () => {
  it('gives many wake-ups one slice, which goes on until nobody has work', async () => {
    const { executor, tasks, settle, ...fixture } = bound(new ExecutorFixture(2));
    tasks[0]!.input.arrived.push(...Array.from({ length: 600 }, () => 1));
    tasks[1]!.input.arrived.push(1);
    executor.wake();
    executor.wake();
    await settle();
    expect(tasks.map((task) => task.input.numRecordsIn)).toEqual([600, 1]);
    expect(fixture.slices()).toBe(1);
  });

  it('never lets a blocked subtask keep another from working', async () => {
    const { executor, tasks, settle } = bound(new ExecutorFixture(2));
    tasks[0]!.input.arrived.push(1);
    tasks[0]!.availability.block();
    tasks[1]!.input.arrived.push(1, 1);
    executor.wake();
    await settle();
    expect(tasks.map((task) => task.input.numRecordsIn)).toEqual([0, 2]);
    tasks[0]!.availability.unblock();
    await settle();
    expect(tasks[0]!.input.numRecordsIn).toBe(1);
  });

  it('gives the thread back between slices, however much there is to do', async () => {
    const { executor, tasks, clock, ...fixture } = bound(new ExecutorFixture(1));
    const endless = tasks[0]!.input;
    endless.processNext = () => 'more-available';
    executor.wake();
    for (let slice = 0; slice < 5; slice += 1) await clock.step();
    expect(fixture.slices()).toBe(6);
    executor.stop();
    while (await clock.step());
    expect(fixture.slices()).toBe(6);
  });

  it('stops at the first error, which it tells once', async () => {
    const { executor, tasks, settle, errors } = bound(new ExecutorFixture(2));
    tasks[0]!.input.throws = new Error('on purpose');
    tasks[1]!.input.arrived.push(1);
    executor.wake();
    await settle();
    executor.wake();
    tasks[1]!.subtask.execute(() => {
      throw new Error('too late');
    });
    await settle();
    expect(errors).toEqual([new Error('on purpose')]);
    expect(tasks[1]!.input.numRecordsIn).toBe(0);
  });
});

describe('Open buffers are flushed', () => {
  it('when their subtask is out of input', async () => {
    const { executor, tasks, clock, settle } = bound(new ExecutorFixture(1));
    await clock.advance(bufferTimeoutMs / 2);
    executor.wake();
    await settle();
    expect(tasks[0]!.flushes).toBeGreaterThan(0);
  });

  it('after the buffer time-out while there is always input', async () => {
    const { executor, tasks, clock } = bound(new ExecutorFixture(1, 10));
    tasks[0]!.input.processNext = () => 'more-available';
    executor.wake();
    await clock.advance(bufferTimeoutMs - 10);
    expect(tasks[0]!.flushes).toBe(0);
    await clock.advance(10);
    expect(tasks[0]!.flushes).toBe(1);
    await clock.advance(bufferTimeoutMs);
    expect(tasks[0]!.flushes).toBe(2);
    executor.stop();
  });

  it('after the buffer time-out while their subtask is blocked by one channel of several', async () => {
    const { executor, tasks, clock, settle } = bound(new ExecutorFixture(1));
    tasks[0]!.availability.block();
    executor.wake();
    await settle();
    const before = tasks[0]!.flushes;
    await clock.advance(bufferTimeoutMs);
    expect(tasks[0]!.flushes).toBe(before + 1);
    await clock.advance(bufferTimeoutMs);
    expect(tasks[0]!.flushes).toBe(before + 2);
    executor.stop();
    await clock.advance(10 * bufferTimeoutMs);
    expect(tasks[0]!.flushes).toBe(before + 2);
  });
});

it('Time under backpressure is counted until the output has room again', async () => {
  const { executor, tasks, clock, settle } = bound(new ExecutorFixture(2));
  tasks[0]!.availability.block();
  executor.wake();
  await settle();
  await clock.advance(30);
  tasks[0]!.availability.unblock();
  await settle();
  await clock.advance(500);
  executor.wake();
  await settle();
  expect(executor.timesOf(0).backPressuredTimeMs).toBe(30);
  expect(executor.timesOf(1).backPressuredTimeMs).toBe(0);
});

/** The fixture's parts, to be taken apart. */
function bound(fixture: ExecutorFixture) {
  return {
    executor: fixture.executor,
    tasks: fixture.tasks,
    clock: fixture.clock,
    errors: fixture.errors,
    settle: () => fixture.settle(),
    slices: () => fixture.slices,
  };
}
