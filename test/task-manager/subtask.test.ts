import { describe, expect, it } from 'vitest';
import { checkpointId } from '../../src/protocol/ids.js';
import { SimulatedClock } from '../simulation/simulated-clock.js';
import { SimulatedRandom } from '../simulation/simulated-random.js';
import { ScriptedSubtask } from './scripted-subtask.js';

const scripted = () => new ScriptedSubtask(new SimulatedClock(new SimulatedRandom(1)));

describe('A subtask', () => {
  it('passes its input on, and is idle when there is none', () => {
    const task = scripted();
    task.input.arrived.push(2, 1);
    expect(task.step(1)).toEqual(['2', '2', 'first record', 'worked']);
    expect(task.step(1)).toEqual(['1', 'worked']);
    expect(task.step()).toEqual(['idle']);
  });

  it('is blocked while its output is full, and goes on with what was suspended before it takes more', () => {
    const task = scripted();
    task.input.arrived.push(3, 1);
    task.operator.room = 1;
    expect(task.step()).toEqual(['3', 'first record', 'worked']);
    expect(task.step()).toEqual(['blocked']);
    expect(task.subtask.isBackPressured).toBe(true);
    task.operator.room = 1;
    task.availability.unblock();
    expect(task.wakeUps).toBe(1);
    expect(task.step()).toEqual(['3', 'blocked']);
    task.operator.room = Number.POSITIVE_INFINITY;
    task.availability.unblock();
    expect(task.step()).toEqual(['3', '1', 'idle']);
  });

  it('lets what the operators throw through', () => {
    const task = scripted();
    task.input.throws = new Error('on purpose');
    expect(() => task.step()).toThrow('on purpose');
  });

  it('measures itself', () => {
    const task = scripted();
    task.input.arrived.push(2, 1, 5);
    task.step(2);
    expect(task.subtask.metrics()).toMatchObject({
      numRecordsIn: 2,
      numRecordsOut: 3,
      numBytesOut: 7,
      currentInputWatermark: 42,
      checkpointAlignmentTimeMs: 3,
      pendingRecords: 1,
      numRecordsInErrors: 0,
      partitions: [],
      sinks: [],
      isBackPressured: false,
    });
  });
});

describe('A checkpoint’s trigger', () => {
  it('is taken between two elements: snapshot, barrier, and the acknowledgement once all is durable', async () => {
    const task = scripted();
    task.input.arrived.push(1);
    task.step();
    task.subtask.triggerCheckpoint(checkpointId(1), 0);
    expect(task.wakeUps).toBe(1);
    expect(task.step()).toEqual(['barrier 1', 'idle']);
    expect(task.acknowledged).toEqual([]);
    await Promise.resolve().then(() => {});
    await new Promise((resolve) => setImmediate(resolve));
    expect(task.acknowledged).toEqual(['1: input, scripted']);
  });

  it('waits for an emission that is suspended', () => {
    const task = scripted();
    task.input.arrived.push(2);
    task.operator.room = 1;
    task.step();
    task.subtask.triggerCheckpoint(checkpointId(1), 0);
    expect(task.step()).toEqual(['blocked']);
    task.operator.room = Number.POSITIVE_INFINITY;
    task.availability.unblock();
    expect(task.step()).toEqual(['2', 'barrier 1', 'idle']);
  });

  it('is taken under backpressure too when nothing is suspended: the barrier may overdraw', () => {
    const task = scripted();
    task.input.arrived.push(1, 1);
    task.operator.room = 1;
    task.step();
    task.subtask.triggerCheckpoint(checkpointId(1), 0);
    expect(task.step()).toEqual(['barrier 1', 'blocked']);
  });

  it('waits while the end of the input is half done', () => {
    const task = scripted();
    task.operator.emitsAtEnd = 2;
    task.operator.room = 1;
    task.input.hasEnded = true;
    expect(task.step()).toEqual(['rest', 'blocked']);
    task.subtask.triggerCheckpoint(checkpointId(1), 0);
    expect(task.step()).toEqual(['blocked']);
    expect(task.operator.told).toEqual([]);
    task.operator.room = Number.POSITIVE_INFINITY;
    task.availability.unblock();
    expect(task.step()).toEqual(['rest', 'end', 'worked']);
    expect(task.step()).toEqual(['worked']);
    expect(task.operator.told).toEqual(['snapshot 1']);
  });

  it('is taken without a barrier once the subtask has finished', () => {
    const task = scripted();
    task.input.hasEnded = true;
    expect(task.step()).toEqual(['end', 'worked']);
    task.subtask.triggerCheckpoint(checkpointId(4), 0);
    expect(task.step()).toEqual(['worked']);
    expect(task.operator.told).toEqual(['snapshot 4']);
    expect(task.step()).toEqual(['idle']);
  });

  it('whose snapshot fails, fails the attempt and is not acknowledged', async () => {
    const task = scripted();
    task.operator.snapshots = () => Promise.reject(new Error('disk full'));
    task.subtask.triggerCheckpoint(checkpointId(1), 0);
    task.step();
    await new Promise((resolve) => setImmediate(resolve));
    expect(task.failures).toEqual([new Error('disk full')]);
    expect(task.acknowledged).toEqual([]);
  });

  it('and its abortion reach the operators and the input in their order', () => {
    const task = scripted();
    task.subtask.triggerCheckpoint(checkpointId(1), 0);
    task.subtask.notifyCheckpointAborted(checkpointId(1));
    task.subtask.triggerCheckpoint(checkpointId(2), 0);
    task.step();
    expect(task.operator.told).toEqual(['snapshot 1', 'aborted 1', 'snapshot 2']);
    expect(task.input.aborted).toEqual([1]);
  });

  it('and its completion reach the operators at once, also while an emission is suspended', () => {
    const task = scripted();
    task.input.arrived.push(2);
    task.operator.room = 1;
    task.step();
    task.subtask.notifyCheckpointComplete(checkpointId(1));
    expect(task.operator.told).toEqual(['complete 1']);
  });
});

describe('An action between two elements', () => {
  it('whose emission is suspended holds back the others, in their order, and then new input', () => {
    const task = scripted();
    task.operator.room = 1;
    task.subtask.execute(() => task.operator.processElement(2));
    task.subtask.execute(() => task.happened.push('second'));
    task.input.arrived.push(1);
    expect(task.step()).toEqual(['2', 'blocked']);
    task.subtask.execute(() => task.happened.push('third'));
    task.operator.room = Number.POSITIVE_INFINITY;
    task.availability.unblock();
    expect(task.step()).toEqual(['2', 'second', 'third', '1', 'first record', 'idle']);
  });

  it('may ask for another, which comes in the next step', () => {
    const task = scripted();
    task.subtask.execute(() => {
      task.happened.push('first');
      task.subtask.execute(() => task.happened.push('second'));
    });
    expect(task.step()).toEqual(['first', 'idle']);
    expect(task.step()).toEqual(['second', 'idle']);
  });
});

describe('The end of a subtask’s input', () => {
  it('ends the operators, then the channels, and is told once', () => {
    const task = scripted();
    task.operator.emitsAtEnd = 1;
    task.input.arrived.push(1);
    task.input.hasEnded = true;
    expect(task.step()).toEqual(['1', 'first record', 'rest', 'end', 'worked']);
    expect(task.flushes).toBe(1);
    expect(task.step()).toEqual(['idle']);
    expect(task.finishedCount).toBe(1);
  });

  it('waits for what the last element has suspended', () => {
    const task = scripted();
    task.operator.room = 1;
    task.operator.emitsAtEnd = 1;
    task.input.arrived.push(2);
    task.input.hasEnded = true;
    expect(task.step()).toEqual(['2', 'first record', 'blocked']);
    expect(task.step()).toEqual(['blocked']);
    task.operator.room = Number.POSITIVE_INFINITY;
    task.availability.unblock();
    expect(task.step()).toEqual(['2', 'rest', 'end', 'worked']);
  });

  it('is no backpressure', () => {
    const task = scripted();
    task.input.hasEnded = true;
    task.step();
    task.availability.block();
    expect(task.subtask.isBackPressured).toBe(false);
  });
});

it('A subtask that is closed has closed its input, its operators, and the channels behind them', async () => {
  const task = scripted();
  await task.subtask.close();
  expect(task.input.isClosed).toBe(true);
  expect(task.operator.isClosed).toBe(true);
  expect(task.happened).toEqual(['channel closed']);
});
