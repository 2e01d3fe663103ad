import { checkpointId } from '../../src/protocol/ids.js';
import type { KeyedStateBackend, KeyedStateHandle } from '../../src/state/keyed-state-backend.js';

/** A durable checkpoint, and what the model held when it was taken. */
interface ModelledCheckpoint<Model> {
  readonly handle: KeyedStateHandle;
  readonly model: Model;
}

/** The checkpoints of a backend that runs beside a model, as a coordinator sees them: any of them may not complete. */
export class CheckpointsOfModel<Model> {
  /** The newest complete one: what a restart restores. */
  completed: ModelledCheckpoint<Model> | undefined;
  /** Durable, oldest first. */
  private acknowledged: ModelledCheckpoint<Model>[] = [];
  private nextId = 1;

  /** `model` is a copy: the backend goes on while the checkpoint is written. */
  async take(backend: KeyedStateBackend, model: Model): Promise<void> {
    const { acknowledged } = this;
    const handle = await backend.snapshot(checkpointId(this.nextId++));
    acknowledged.push({ handle, model });
  }

  /** Completes the newest one that is durable, if there is any; older ones never will. */
  complete(backend: KeyedStateBackend): void {
    const newest = this.acknowledged.pop();
    if (newest === undefined) return;
    this.acknowledged.length = 0;
    this.completed = newest;
    backend.notifyCheckpointComplete(newest.handle.checkpointId);
  }

  /** The attempt has ended: what is not complete never will be. */
  dropIncomplete(): void {
    this.acknowledged = [];
  }
}
