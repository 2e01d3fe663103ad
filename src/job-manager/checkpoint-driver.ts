import { reserveCheckpointIds } from '../checkpoint/attempt-ledger.js';
import { stepCheckpointCoordinator } from '../checkpoint/checkpoint-coordinator.js';
import {
  type CheckpointCoordinatorState,
  initialCheckpointCoordinator,
} from '../checkpoint/checkpoint-coordinator-state.js';
import type { CheckpointEffect, CheckpointEvent } from '../checkpoint/checkpoint-events.js';
import type { CheckpointMetadata } from '../checkpoint/checkpoint-metadata.js';
import type { CheckpointSettings } from '../checkpoint/checkpoint-settings.js';
import type { CheckpointStore } from '../checkpoint/checkpoint-store.js';
import type { CancelTimer, Clock } from '../host/clock.js';
import { FileWriteError, type WriteOutcome } from '../host/files.js';
import { type Failure, toFailure } from '../protocol/failures.js';
import type { CheckpointId } from '../protocol/ids.js';

/** What a checkpoint's course asks of the JobManager. */
export type CheckpointOrder = Extract<
  CheckpointEffect,
  {
    readonly kind:
      | 'trigger-checkpoint'
      | 'notify-complete'
      | 'notify-aborted'
      | 'fail-attempt'
      | 'job-finished'
      | 'job-stopped'
      | 'exit-process';
  }
>;

/**
 * The shell around the checkpoint coordinator: carries its effects out on the store and the clock, and
 * passes on what concerns the threads. It decides nothing.
 */
export class CheckpointDriver {
  private state: CheckpointCoordinatorState;
  private readonly options: CheckpointDriverOptions;
  private cancelTimer: CancelTimer | undefined;

  /** `lastUsedId`: the highest id that any earlier run may have used. */
  constructor(options: CheckpointDriverOptions, lastUsedId: CheckpointId) {
    this.options = options;
    this.state = initialCheckpointCoordinator(options.settings, lastUsedId);
  }

  dispatch(event: CheckpointEvent): void {
    const { clock } = this.options;
    const step = stepCheckpointCoordinator(this.state, event, {
      monotonicMs: clock.monotonicMs(),
      epochMs: clock.epochMs(),
    });
    this.state = step.state;
    for (const effect of step.effects) this.perform(effect);
  }

  get lastTriggeredId(): CheckpointId {
    return this.state.lastTriggeredId;
  }

  close(): void {
    this.cancelTimer?.();
    this.cancelTimer = undefined;
  }

  private perform(effect: CheckpointEffect): void {
    switch (effect.kind) {
      case 'write-metadata':
        void this.writeMetadata(effect.metadata);
        return;
      case 'reserve-ids':
        void this.reserveIds(effect.through);
        return;
      case 'remove-older':
        // Left-over files cost a little room; the next checkpoint tries again.
        this.options.store.removeOlder(effect.than).catch(() => undefined);
        return;
      case 'set-timer':
        this.setTimer(effect.atMs);
        return;
      case 'trigger-checkpoint':
      case 'notify-complete':
      case 'notify-aborted':
      case 'fail-attempt':
      case 'job-finished':
      case 'job-stopped':
      case 'exit-process':
        this.options.order(effect);
        return;
    }
  }

  private async writeMetadata(metadata: CheckpointMetadata): Promise<void> {
    const { checkpointId } = metadata;
    try {
      const checkpoint = await this.options.store.writeCheckpoint(metadata);
      this.dispatch({ kind: 'metadata-durable', checkpoint });
    } catch (error) {
      this.dispatch({ kind: 'metadata-write-failed', checkpointId, ...failedWrite(error) });
    }
  }

  private async reserveIds(through: CheckpointId): Promise<void> {
    try {
      await this.options.store.updateLedger((ledger) => {
        if (ledger === undefined)
          throw new Error('Checkpoint ids are reserved before any attempt was recorded.');
        return reserveCheckpointIds(ledger, through);
      });
      this.dispatch({ kind: 'ids-reserved', through });
    } catch (error) {
      this.dispatch({ kind: 'id-reservation-failed', ...failedWrite(error) });
    }
  }

  private setTimer(atMs: number): void {
    this.cancelTimer?.();
    const delayMs = Math.max(0, atMs - this.options.clock.monotonicMs());
    this.cancelTimer = this.options.clock.setTimer(delayMs, () => this.dispatch({ kind: 'timer' }));
  }
}

function failedWrite(error: unknown): { readonly outcome: WriteOutcome; readonly failure: Failure } {
  const outcome = error instanceof FileWriteError ? error.outcome : 'unknown';
  return { outcome, failure: toFailure(error, 'outside-system') };
}

export interface CheckpointDriverOptions {
  readonly settings: CheckpointSettings;
  readonly store: CheckpointStore;
  readonly clock: Clock;
  readonly order: (order: CheckpointOrder) => void;
}
