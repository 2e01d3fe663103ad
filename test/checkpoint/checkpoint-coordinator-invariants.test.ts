import fc from 'fast-check';
import { expect, test } from 'vitest';
import { stepCheckpointCoordinator } from '../../src/checkpoint/checkpoint-coordinator.js';
import {
  type CheckpointCoordinatorState,
  initialCheckpointCoordinator,
} from '../../src/checkpoint/checkpoint-coordinator-state.js';
import type { CheckpointEffect, CheckpointEvent } from '../../src/checkpoint/checkpoint-events.js';
import type { CheckpointMetadata } from '../../src/checkpoint/checkpoint-metadata.js';
import { defaultCheckpointSettings } from '../../src/checkpoint/checkpoint-settings.js';
import { durableCheckpoint } from '../../src/checkpoint/durable-checkpoint.js';
import type { Failure } from '../../src/protocol/failures.js';
import { checkpointId, executionAttempt, subtaskIndex, vertexId } from '../../src/protocol/ids.js';
import { snapshotOf, testJob } from './checkpoint-fixtures.js';

const failure: Failure = { domain: 'outside-system', action: 'restart', name: 'Error', message: 'injected' };
const reservationSize = 3;
const subtasks = [0, 1, 2].map((index) => ({
  vertexId: vertexId(0),
  subtaskIndex: subtaskIndex(index),
  taskName: 'Source: orders',
}));

/** One step of an adversary: what arrives next, from which attempt and checkpoint relative to the current ones. */
type Action =
  | {
      readonly kind: 'ack';
      readonly subtask: number;
      readonly attemptBack: number;
      readonly idBack: number;
    }
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'finish-subtask'; readonly subtask: number; readonly attemptBack: number }
  | { readonly kind: 'write-ends'; readonly how: 'durable' | 'not-written' | 'unknown' }
  | { readonly kind: 'reservation-ends'; readonly isDone: boolean }
  | { readonly kind: 'ack-everyone' | 'request' | 'stop' | 'restart' | 'kill' };

const actions: fc.Arbitrary<Action> = fc.oneof(
  { weight: 10, arbitrary: fc.constant({ kind: 'ack-everyone' as const }) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('ack' as const),
      subtask: fc.nat(2),
      attemptBack: fc.constantFrom(0, 0, 0, 0, 1),
      idBack: fc.constantFrom(0, 0, 0, 0, 1),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.constantFrom(1, 400, 1_000, 3_000) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('finish-subtask' as const),
      subtask: fc.nat(2),
      attemptBack: fc.nat(1),
    }),
  },
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constant('write-ends' as const),
      how: fc.constantFrom(
        'durable' as const,
        'durable' as const,
        'durable' as const,
        'not-written' as const,
        'unknown' as const,
      ),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('reservation-ends' as const),
      isDone: fc.constantFrom(true, true, true, true, false),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constantFrom('request' as const, 'stop' as const, 'restart' as const, 'kill' as const),
    }),
  },
);

/** The world around the coordinator: its disk, its clock, and the checks of everything it asks for. */
class World {
  private state: CheckpointCoordinatorState;
  private nowMs = 0;
  private attempt = 0;
  /** On disk. */
  private reservedThrough = reservationSize;
  private newestDurable = 0;
  /** In flight. */
  private write: CheckpointMetadata | undefined;
  private reservation: number | undefined;
  private pending: { id: number; acked: Set<number> } | undefined;
  private isAttemptOver = false;
  private finished = new Set<number>();
  private highestTriggered = 0;
  completed = 0;

  constructor() {
    this.state = this.coordinatorOfANewProcess();
    this.begin();
  }

  private coordinatorOfANewProcess(): CheckpointCoordinatorState {
    const settings = {
      ...defaultCheckpointSettings,
      checkpointIntervalMs: 100,
      checkpointTimeoutMs: 5_000,
      tolerableFailedCheckpoints: 1,
      idReservationSize: reservationSize,
    };
    return initialCheckpointCoordinator(settings, checkpointId(this.reservedThrough));
  }

  private begin(): void {
    this.attempt += 1;
    this.isAttemptOver = false;
    this.pending = undefined;
    this.finished = new Set();
    this.send({
      kind: 'attempt-started',
      attempt: executionAttempt(this.attempt),
      job: testJob,
      subtasks,
      restoredCheckpointId: checkpointId(this.newestDurable),
      idsReservedThrough: checkpointId(this.reservedThrough),
    });
  }

  private killAndRestart(): void {
    // A write in flight may or may not have reached the disk; here the nastier case, that it did.
    if (this.write !== undefined) this.newestDurable = this.write.checkpointId;
    if (this.reservation !== undefined) this.reservedThrough = this.reservation;
    this.write = undefined;
    this.reservation = undefined;
    this.state = this.coordinatorOfANewProcess();
    this.reservedThrough += reservationSize;
    this.begin();
  }

  act(action: Action): void {
    switch (action.kind) {
      case 'ack-everyone':
        if (this.isAttemptOver) this.act({ kind: 'restart' });
        for (const subtask of [2, 0, 1]) this.answer({ kind: 'ack', subtask, attemptBack: 0, idBack: 0 });
        return;
      case 'ack':
        this.answer(action);
        return;
      case 'pass':
        this.nowMs += action.ms;
        this.send({ kind: 'timer' });
        return;
      case 'finish-subtask': {
        const attempt = this.attempt - action.attemptBack;
        if (attempt === this.attempt) this.finished.add(action.subtask);
        this.send({
          kind: 'subtask-finished',
          attempt: executionAttempt(attempt),
          subtask: subtasks[action.subtask]!,
        });
        return;
      }
      case 'write-ends':
        this.endWrite(action.how);
        return;
      case 'reservation-ends':
        this.endReservation(action.isDone);
        return;
      case 'request':
        this.send({ kind: 'checkpoint-requested' });
        return;
      case 'stop':
        this.send({ kind: 'stop-requested' });
        return;
      case 'restart':
        this.send({ kind: 'attempt-ended', attempt: executionAttempt(this.attempt) });
        this.isAttemptOver = true;
        if (this.write !== undefined) this.endWrite('durable');
        this.begin();
        return;
      case 'kill':
        this.killAndRestart();
        return;
    }
  }

  private answer(action: Extract<Action, { kind: 'ack' }>): void {
    if (this.pending === undefined) return;
    const attempt = executionAttempt(this.attempt - action.attemptBack);
    const id = checkpointId(this.pending.id - action.idBack);
    const subtask = subtasks[action.subtask]!;
    if (action.attemptBack === 0 && action.idBack === 0) this.pending.acked.add(action.subtask);
    const snapshots = [snapshotOf(`from-attempt-${attempt}-of-${id}`, action.subtask)];
    this.send({ kind: 'ack', attempt, checkpointId: id, subtask, snapshots });
  }

  private endWrite(how: 'durable' | 'not-written' | 'unknown'): void {
    const { write } = this;
    if (write === undefined) return;
    this.write = undefined;
    if (how === 'durable') {
      this.newestDurable = write.checkpointId;
      this.send({ kind: 'metadata-durable', checkpoint: durableCheckpoint(write) });
    } else {
      this.send({ kind: 'metadata-write-failed', checkpointId: write.checkpointId, outcome: how, failure });
    }
  }

  private endReservation(isDone: boolean): void {
    const { reservation } = this;
    if (reservation === undefined) return;
    this.reservation = undefined;
    if (isDone) {
      this.reservedThrough = reservation;
      this.send({ kind: 'ids-reserved', through: checkpointId(reservation) });
    } else {
      this.send({ kind: 'id-reservation-failed', outcome: 'not-written', failure });
    }
  }

  private send(event: CheckpointEvent): void {
    const step = stepCheckpointCoordinator(this.state, event, {
      monotonicMs: this.nowMs,
      epochMs: this.nowMs,
    });
    this.state = step.state;
    for (const effect of step.effects) this.check(effect);
    if (step.effects.some((effect) => effect.kind === 'exit-process')) this.killAndRestart();
  }

  private check(effect: CheckpointEffect): void {
    switch (effect.kind) {
      case 'trigger-checkpoint':
        expect(effect.attempt).toBe(this.attempt);
        expect(this.isAttemptOver).toBe(false);
        expect(this.pending, 'one at a time').toBeUndefined();
        expect(this.write, 'until the metadata is durable').toBeUndefined();
        expect(effect.checkpointId, 'ids only rise').toBeGreaterThan(this.highestTriggered);
        expect(effect.checkpointId, 'above everything on disk').toBeGreaterThan(this.newestDurable);
        expect(effect.checkpointId, 'within the durable reservation').toBeLessThanOrEqual(
          this.reservedThrough,
        );
        expect(effect.purpose === 'final', 'final exactly when all input has ended').toBe(
          this.finished.size === 3,
        );
        this.highestTriggered = effect.checkpointId;
        this.pending = { id: effect.checkpointId, acked: new Set() };
        return;
      case 'write-metadata': {
        expect(effect.metadata.checkpointId).toBe(this.pending?.id);
        expect(this.pending?.acked.size, 'everyone has acknowledged').toBe(3);
        const sender = `from-attempt-${this.attempt}-of-${effect.metadata.checkpointId}`;
        expect(effect.metadata.subtasks.map((subtask) => subtask.operatorUid)).toEqual([
          sender,
          sender,
          sender,
        ]);
        expect(effect.metadata.subtasks.map((subtask) => subtask.subtaskIndex)).toEqual([0, 1, 2]);
        this.write = effect.metadata;
        this.pending = undefined;
        return;
      }
      case 'notify-complete':
        expect(effect.checkpoint.metadata.checkpointId, 'durable first').toBe(this.newestDurable);
        expect(effect.attempt).toBe(this.attempt);
        expect(this.isAttemptOver).toBe(false);
        this.completed += 1;
        return;
      case 'remove-older':
        expect(effect.than).toBe(this.newestDurable);
        return;
      case 'notify-aborted':
        expect(effect.attempt).toBe(this.attempt);
        this.pending = undefined;
        return;
      case 'reserve-ids':
        expect(this.reservation).toBeUndefined();
        expect(effect.through).toBeGreaterThan(this.reservedThrough);
        this.reservation = effect.through;
        return;
      case 'fail-attempt':
        expect(effect.attempt).toBe(this.attempt);
        this.pending = undefined;
        this.isAttemptOver = true;
        return;
      case 'job-finished':
      case 'job-stopped':
        expect(effect.checkpoint.metadata.checkpointId).toBe(this.newestDurable);
        this.isAttemptOver = true;
        return;
      case 'set-timer':
      case 'exit-process':
        return;
    }
  }
}

test('whatever arrives in whatever order, over restarts and kills, the invariants hold', () => {
  let completed = 0;
  fc.assert(
    fc.property(fc.array(actions, { minLength: 20, maxLength: 200, size: 'max' }), (sequence) => {
      const world = new World();
      for (const action of sequence) world.act(action);
      completed += world.completed;
    }),
    { numRuns: 300 },
  );
  // The orders are not so wild that nothing ever completes, which would prove nothing.
  expect(completed).toBeGreaterThan(500);
});
