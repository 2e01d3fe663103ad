import { describe, expect, test } from 'vitest';
import { stepCheckpointCoordinator } from '../../src/checkpoint/checkpoint-coordinator.js';
import { initialCheckpointCoordinator } from '../../src/checkpoint/checkpoint-coordinator-state.js';
import type { CheckpointEffect, CheckpointEvent } from '../../src/checkpoint/checkpoint-events.js';
import type { CheckpointMetadata } from '../../src/checkpoint/checkpoint-metadata.js';
import {
  type CheckpointSettings,
  defaultCheckpointSettings,
} from '../../src/checkpoint/checkpoint-settings.js';
import { durableCheckpoint } from '../../src/checkpoint/durable-checkpoint.js';
import type { Failure } from '../../src/protocol/failures.js';
import { checkpointId, executionAttempt } from '../../src/protocol/ids.js';
import { snapshotOf, testJob, twoSubtasks } from './checkpoint-fixtures.js';

const failure: Failure = { domain: 'outside-system', action: 'restart', name: 'Error', message: 'disk slow' };

/** Drives a coordinator as its shell would, by hand. */
class Driver {
  nowMs = 0;
  private state;
  constructor(settings: Partial<CheckpointSettings> = {}) {
    this.state = initialCheckpointCoordinator(
      { ...defaultCheckpointSettings, ...settings },
      checkpointId(-1),
    );
  }

  send(event: CheckpointEvent): readonly CheckpointEffect[] {
    const time = { monotonicMs: this.nowMs, epochMs: 1_000_000 + this.nowMs };
    const step = stepCheckpointCoordinator(this.state, event, time);
    this.state = step.state;
    return step.effects;
  }

  start(attempt = 1, restored = 0, reserved = 100) {
    return this.send({
      kind: 'attempt-started',
      attempt: executionAttempt(attempt),
      job: testJob,
      subtasks: twoSubtasks,
      restoredCheckpointId: checkpointId(restored),
      idsReservedThrough: checkpointId(reserved),
    });
  }

  tickAt(atMs: number) {
    this.nowMs = atMs;
    return this.send({ kind: 'timer' });
  }

  ack(id: number, subtask: 0 | 1, attempt = 1) {
    return this.send({
      kind: 'ack',
      attempt: executionAttempt(attempt),
      checkpointId: checkpointId(id),
      subtask: twoSubtasks[subtask]!,
      snapshots: [snapshotOf('orders', subtask)],
    });
  }

  ackAll(id: number, attempt = 1): CheckpointMetadata {
    this.ack(id, 1, attempt);
    const write = only(this.ack(id, 0, attempt), 'write-metadata');
    return write.metadata;
  }

  durable(metadata: CheckpointMetadata) {
    return this.send({ kind: 'metadata-durable', checkpoint: durableCheckpoint(metadata) });
  }

  /** Acknowledged, and its metadata not written. */
  failWrite(id: number, cause = failure) {
    for (const subtask of [0, 1] as const) this.ack(id, subtask);
    return this.send({
      kind: 'metadata-write-failed',
      checkpointId: checkpointId(id),
      outcome: 'not-written',
      failure: cause,
    });
  }

  finishBoth() {
    this.send({ kind: 'subtask-finished', attempt: executionAttempt(1), subtask: twoSubtasks[0]! });
    return this.send({ kind: 'subtask-finished', attempt: executionAttempt(1), subtask: twoSubtasks[1]! });
  }

  end(attempt = 1) {
    return this.send({ kind: 'attempt-ended', attempt: executionAttempt(attempt) });
  }
}

function kinds(effects: readonly CheckpointEffect[]): string[] {
  return effects.map((effect) => effect.kind);
}

function only<K extends CheckpointEffect['kind']>(effects: readonly CheckpointEffect[], kind: K) {
  const found = effects.filter(
    (effect): effect is Extract<CheckpointEffect, { kind: K }> => effect.kind === kind,
  );
  expect(found, `one ${kind} in ${kinds(effects)}`).toHaveLength(1);
  return found[0]!;
}

describe('the rhythm of checkpoints', () => {
  test('the first is triggered one interval after the start, by the timer that was asked for', () => {
    const driver = new Driver();
    expect(driver.start()).toEqual([{ kind: 'set-timer', atMs: 1_000 }]);
    expect(only(driver.tickAt(1_000), 'trigger-checkpoint')).toMatchObject({
      checkpointId: 1,
      purpose: 'periodic',
      triggeredAtMs: 1_001_000,
    });
  });

  test('a timer that fires early triggers nothing and is set again', () => {
    const driver = new Driver();
    driver.start();
    expect(driver.tickAt(999.5)).toEqual([{ kind: 'set-timer', atMs: 1_000 }]);
  });

  test('the next follows in rhythm, not one interval after the end of the last', () => {
    const driver = new Driver();
    driver.start();
    driver.tickAt(1_000);
    driver.nowMs = 1_400;
    const effects = driver.durable(driver.ackAll(1));
    expect(only(effects, 'set-timer').atMs).toBe(2_000);
  });

  test('an overdue one waits for the minimum pause after the last has ended', () => {
    const driver = new Driver({ minPauseMs: 300 });
    driver.start();
    driver.tickAt(1_000);
    driver.nowMs = 2_500;
    expect(only(driver.durable(driver.ackAll(1)), 'set-timer').atMs).toBe(2_800);
    expect(kinds(driver.tickAt(2_800))).toContain('trigger-checkpoint');
  });

  test('a requested one comes at once', () => {
    const driver = new Driver();
    driver.start();
    driver.nowMs = 10;
    expect(only(driver.send({ kind: 'checkpoint-requested' }), 'trigger-checkpoint').purpose).toBe(
      'requested',
    );
  });

  test('one that is requested during another waits for its end', () => {
    const driver = new Driver();
    driver.start();
    driver.tickAt(1_000);
    expect(driver.send({ kind: 'checkpoint-requested' })).toEqual([]);
    const metadata = driver.ackAll(1);
    expect(driver.send({ kind: 'checkpoint-requested' })).toEqual([]);
    expect(only(driver.durable(metadata), 'trigger-checkpoint')).toMatchObject({
      checkpointId: 2,
      purpose: 'requested',
    });
  });
});

describe('completion', () => {
  test('nobody is told before the metadata is durable, then the sinks and the older ones’ removal', () => {
    const driver = new Driver();
    driver.start();
    driver.tickAt(1_000);
    driver.nowMs = 1_030;
    expect(driver.ack(1, 1)).toEqual([]);
    const acked = driver.ack(1, 0);
    expect(kinds(acked)).toEqual(['write-metadata', 'set-timer']);
    const { metadata } = only(acked, 'write-metadata');
    expect(metadata).toMatchObject({
      ...testJob,
      checkpointId: 1,
      attempt: 1,
      isFinal: false,
      completedAtMs: 1_001_030,
    });
    expect(metadata.subtasks.map((subtask) => subtask.subtaskIndex)).toEqual([0, 1]);
    driver.nowMs = 1_050;
    const effects = driver.durable(metadata);
    expect(kinds(effects)).toEqual(['remove-older', 'notify-complete', 'set-timer']);
    expect(only(effects, 'notify-complete')).toMatchObject({ attempt: 1, durationMs: 50, stateBytes: 20 });
  });

  test('an acknowledgement that comes twice counts once', () => {
    const driver = new Driver();
    driver.start();
    driver.tickAt(1_000);
    driver.ack(1, 0);
    expect(driver.ack(1, 0)).toEqual([]);
    expect(kinds(driver.ack(1, 1))).toContain('write-metadata');
  });

  test('an acknowledgement by a subtask that does not exist fails the attempt as a bug', () => {
    const driver = new Driver();
    driver.start();
    driver.tickAt(1_000);
    const effects = driver.send({
      kind: 'ack',
      attempt: executionAttempt(1),
      checkpointId: checkpointId(1),
      subtask: { ...twoSubtasks[0]!, vertexId: 9 as never },
      snapshots: [],
    });
    expect(only(effects, 'fail-attempt').failure).toMatchObject({ domain: 'internal' });
  });

  test('acknowledgements of an ended attempt or an aborted checkpoint are dropped', () => {
    const driver = new Driver({ tolerableFailedCheckpoints: 1, retryPauseMs: 0 });
    driver.start(1);
    driver.tickAt(1_000);
    driver.ack(1, 0);
    driver.failWrite(1);
    expect(driver.ack(1, 1)).toEqual([]);
    driver.tickAt(2_000);
    driver.end(1);
    driver.start(2);
    driver.tickAt(3_000);
    expect(driver.ack(3, 0, 1)).toEqual([]);
    expect(driver.ack(3, 1, 1)).toEqual([]);
    expect(driver.ack(3, 0, 2)).toEqual([]);
    expect(kinds(driver.ack(3, 1, 2))).toContain('write-metadata');
  });
});

describe('failure of a checkpoint', () => {
  test('fails the attempt by default, as Flink tolerates none', () => {
    const driver = new Driver();
    driver.start();
    driver.tickAt(1_000);
    expect(driver.failWrite(1)).toEqual([{ kind: 'fail-attempt', attempt: 1, failure }]);
    expect(driver.tickAt(5_000)).toEqual([]);
  });

  test('a tolerated one is announced as aborted, and its successor resets the count', () => {
    const driver = new Driver({ tolerableFailedCheckpoints: 1 });
    driver.start();
    driver.tickAt(1_000);
    expect(kinds(driver.failWrite(1))).toEqual(['notify-aborted', 'set-timer']);
    driver.tickAt(2_000);
    driver.durable(driver.ackAll(2));
    driver.tickAt(3_000);
    expect(kinds(driver.failWrite(3))).toEqual(['notify-aborted', 'set-timer']);
    driver.tickAt(4_000);
    expect(kinds(driver.failWrite(4))).toEqual(['fail-attempt']);
  });

  test('expiry names how many were missing, the first of them, and the time', () => {
    const driver = new Driver({ checkpointTimeoutMs: 5_000 });
    driver.start();
    driver.tickAt(1_000);
    driver.ack(1, 0);
    const { failure: expired } = only(driver.tickAt(6_000), 'fail-attempt');
    expect(expired.message).toMatch(
      /Checkpoint 1 expired.*5000 ms.*1 of 2 subtasks, first Source: orders \(2\)/,
    );
  });

  test('a failure that no restart cures fails the attempt however much is tolerated', () => {
    const driver = new Driver({ tolerableFailedCheckpoints: 99 });
    driver.start();
    driver.tickAt(1_000);
    expect(kinds(driver.failWrite(1, { ...failure, action: 'fail-job' }))).toEqual(['fail-attempt']);
  });

  test('metadata that was not written fails the checkpoint, not the process', () => {
    const driver = new Driver({ tolerableFailedCheckpoints: 1 });
    driver.start();
    driver.tickAt(1_000);
    driver.ackAll(1);
    const event = { kind: 'metadata-write-failed', checkpointId: checkpointId(1), failure } as const;
    expect(kinds(driver.send({ ...event, outcome: 'not-written' }))).toEqual(['notify-aborted', 'set-timer']);
    expect(only(driver.tickAt(2_000), 'trigger-checkpoint').checkpointId).toBe(2);
  });

  test('metadata of unknown outcome ends the process, and nothing is done after that', () => {
    const driver = new Driver({ tolerableFailedCheckpoints: 99 });
    driver.start();
    driver.tickAt(1_000);
    const metadata = driver.ackAll(1);
    const event = { kind: 'metadata-write-failed', checkpointId: checkpointId(1), failure } as const;
    expect(kinds(driver.send({ ...event, outcome: 'unknown' }))).toEqual(['exit-process']);
    expect(driver.durable(metadata)).toEqual([]);
    expect(driver.tickAt(99_000)).toEqual([]);
  });

  test('metadata that is never done being written ends the process', () => {
    const driver = new Driver({ metadataWriteTimeoutMs: 7_000 });
    driver.start();
    driver.tickAt(1_000);
    driver.ackAll(1);
    expect(driver.tickAt(7_999)).toEqual([{ kind: 'set-timer', atMs: 8_000 }]);
    expect(kinds(driver.tickAt(8_000))).toEqual(['exit-process']);
  });
});

describe('the end of a job', () => {
  test('when the last subtask has finished a final checkpoint follows at once, and ends the job', () => {
    const driver = new Driver();
    driver.start();
    driver.nowMs = 50;
    expect(only(driver.finishBoth(), 'trigger-checkpoint').purpose).toBe('final');
    const metadata = driver.ackAll(1);
    expect(metadata.isFinal).toBe(true);
    expect(kinds(driver.durable(metadata))).toEqual(['remove-older', 'notify-complete', 'job-finished']);
    expect(driver.tickAt(9_000)).toEqual([]);
  });

  test('a periodic checkpoint under way is completed first, and is not the final one', () => {
    const driver = new Driver();
    driver.start();
    driver.tickAt(1_000);
    expect(driver.finishBoth()).toEqual([]);
    const metadata = driver.ackAll(1);
    expect(metadata.isFinal).toBe(false);
    expect(only(driver.durable(metadata), 'trigger-checkpoint')).toMatchObject({
      checkpointId: 2,
      purpose: 'final',
    });
  });

  test('a stop takes one last checkpoint that is not final', () => {
    const driver = new Driver();
    driver.start();
    driver.nowMs = 20;
    expect(only(driver.send({ kind: 'stop-requested' }), 'trigger-checkpoint').purpose).toBe('stop');
    const metadata = driver.ackAll(1);
    expect(metadata.isFinal).toBe(false);
    expect(kinds(driver.durable(metadata))).toEqual(['remove-older', 'notify-complete', 'job-stopped']);
  });

  test('a tolerated failure of the stop’s checkpoint is followed by another after a pause', () => {
    const driver = new Driver({ tolerableFailedCheckpoints: 1, checkpointIntervalMs: 600_000 });
    driver.start();
    driver.send({ kind: 'stop-requested' });
    driver.nowMs = 100;
    expect(only(driver.failWrite(1), 'set-timer').atMs).toBe(1_100);
    expect(only(driver.tickAt(1_100), 'trigger-checkpoint').purpose).toBe('stop');
  });
});

describe('ids', () => {
  test('rise over attempts, also over those of aborted checkpoints', () => {
    const driver = new Driver({ tolerableFailedCheckpoints: 9 });
    driver.start(1);
    driver.tickAt(1_000);
    driver.failWrite(1);
    driver.tickAt(2_000);
    driver.end(1);
    driver.start(2, 0);
    expect(only(driver.tickAt(3_000), 'trigger-checkpoint').checkpointId).toBe(3);
  });

  test('are reserved durably in blocks ahead of their use', () => {
    const driver = new Driver({ idReservationSize: 4 });
    driver.start(1, 0, 4);
    driver.tickAt(1_000);
    driver.durable(driver.ackAll(1));
    expect(only(driver.tickAt(2_000), 'reserve-ids').through).toBe(8);
    expect(kinds(driver.ack(2, 0)), 'once').toEqual([]);
  });

  test('are not used beyond the reservation, however due a checkpoint is', () => {
    const driver = new Driver({ idReservationSize: 2 });
    expect(kinds(driver.start(1, 0, 1))).toContain('reserve-ids');
    driver.tickAt(1_000);
    driver.durable(driver.ackAll(1));
    expect(driver.tickAt(2_000)).toEqual([]);
    const effects = driver.send({ kind: 'ids-reserved', through: checkpointId(3) });
    expect(only(effects, 'trigger-checkpoint').checkpointId).toBe(2);
  });

  test('that can’t be reserved fail the attempt', () => {
    const driver = new Driver({ idReservationSize: 2 });
    driver.start(1, 0, 1);
    expect(kinds(driver.send({ kind: 'id-reservation-failed', outcome: 'not-written', failure }))).toEqual([
      'fail-attempt',
    ]);
  });

  test('of which nobody knows whether they are reserved end the process', () => {
    const driver = new Driver({ idReservationSize: 2 });
    driver.start(1, 0, 1);
    expect(kinds(driver.send({ kind: 'id-reservation-failed', outcome: 'unknown', failure }))).toEqual([
      'exit-process',
    ]);
  });
});

describe('an attempt that ends while its metadata is being written', () => {
  test('is not told of the completion, which the next attempt finds on disk', () => {
    const driver = new Driver();
    driver.start();
    driver.tickAt(1_000);
    const metadata = driver.ackAll(1);
    driver.end();
    expect(driver.durable(metadata)).toEqual([{ kind: 'remove-older', than: 1 }]);
  });

  test('and whose successor begins before the write has ended is a bug', () => {
    const driver = new Driver();
    driver.start();
    driver.tickAt(1_000);
    driver.ackAll(1);
    driver.end();
    expect(() => driver.start(2)).toThrow(/while checkpoint 1 was being written/);
  });
});
