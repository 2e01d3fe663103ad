import type { AttemptLedger } from '../../src/checkpoint/attempt-ledger.js';
import type { CheckpointMetadata } from '../../src/checkpoint/checkpoint-metadata.js';
import { decodeChecksummedJson } from '../../src/checkpoint/checksummed-json.js';
import type { LogRequest, TransactionHandle } from '../../src/log/client/log-requests.js';
import type { PreparedTransaction } from '../../src/log/log-transactions.js';
import type { Failure } from '../../src/protocol/failures.js';
import type { ExecutionAttempt } from '../../src/protocol/ids.js';
import type { ToTaskManager } from '../../src/protocol/messages.js';
import type { SimulatedThread } from './simulated-task-managers.js';
import type { SimulatedWorld } from './simulated-world.js';

/**
 * The rules of two-phase commit and of checkpoints, watched from outside while a world runs: each request to
 * the log and each control message is held against what is on disk at that moment.
 */
export class Invariants {
  readonly violations: string[] = [];
  checkpointsCompleted = 0;
  attemptsLaunched = 0;
  private readonly world: SimulatedWorld;
  private readonly prepared = new Set<string>();
  private highestTriggered = -1;
  private triggeringAttempt = 0;
  private highestLaunched = 0;
  private highestAnnounced = -1;

  constructor(world: SimulatedWorld) {
    this.world = world;
  }

  violated(what: string): void {
    this.violations.push(`at ${this.world.nowMs().toFixed(3)} ms: ${what}`);
  }

  onLogRequest(request: LogRequest, by: string): void {
    switch (request.kind) {
      case 'begin-transaction': {
        const recorded = this.recorded().find((each) => each.transactionalId === request.transactionalId);
        if (recorded !== undefined) {
          this.violated(
            `${by} initialises ${request.transactionalId}, which the newest durable checkpoint names.`,
          );
        }
        return;
      }
      case 'end-transaction': {
        const isRecorded = this.recorded().some((each) => isSame(each, request.transaction));
        if (isRecorded !== (request.outcome === 'commit')) {
          const how = isRecorded
            ? 'which the newest durable checkpoint names'
            : 'which no durable checkpoint names';
          this.violated(`${by} asks to ${request.outcome} ${nameOf(request.transaction)}, ${how}.`);
        }
        return;
      }
      case 'prepare-transaction':
        this.prepared.add(nameOf(request.transaction));
        return;
      case 'append':
        if (request.transaction !== undefined && this.prepared.has(nameOf(request.transaction))) {
          this.violated(`${by} appends to ${nameOf(request.transaction)}, which is prepared.`);
        }
        return;
      default:
        return;
    }
  }

  onLaunch(attempt: ExecutionAttempt, former: readonly SimulatedThread[]): void {
    if (former.some((thread) => thread.process.isAlive)) {
      this.violated(`Attempt ${attempt} is launched while a thread of an earlier one is alive.`);
    }
    this.attemptsLaunched += 1;
    if (attempt <= this.highestLaunched) this.violated(`Attempt number ${attempt} is used again.`);
    this.highestLaunched = Math.max(this.highestLaunched, attempt);
    if (this.ledger()?.latest.attempt !== attempt)
      this.violated(`Attempt ${attempt} is launched before it is durable.`);
  }

  onControlMessage(message: ToTaskManager): void {
    switch (message.kind) {
      case 'trigger-checkpoint': {
        const isFirstOfIt = message.checkpointId > this.highestTriggered;
        if (!isFirstOfIt && this.triggeringAttempt !== message.attempt) {
          this.violated(`Checkpoint id ${message.checkpointId} is used again by attempt ${message.attempt}.`);
        }
        if (this.newestCheckpoint() === undefined) {
          this.violated(
            `Checkpoint ${message.checkpointId} is triggered before the start positions are durable.`,
          );
        }
        this.highestTriggered = Math.max(this.highestTriggered, message.checkpointId);
        this.triggeringAttempt = message.attempt;
        return;
      }
      case 'checkpoint-complete':
        if ((this.newestCheckpoint()?.checkpointId ?? -1) < message.checkpointId) {
          this.violated(`Checkpoint ${message.checkpointId} is announced before its metadata is durable.`);
        }
        if (message.checkpointId > this.highestAnnounced) this.checkpointsCompleted += 1;
        this.highestAnnounced = Math.max(this.highestAnnounced, message.checkpointId);
        return;
      case 'deploy':
        if (this.newestCheckpoint() === undefined) {
          this.violated(`Attempt ${message.attempt} is deployed before its start positions are durable.`);
        }
        return;
      case 'checkpoint-aborted':
      case 'shut-down':
        return;
    }
  }

  /** What fails an attempt may be an injected fault or its consequence, never a mistake of the runtime. */
  onAttemptFailure(failure: Failure): void {
    const root = rootOf(failure);
    if (root.message.startsWith('Injected ') || failure.domain === 'outside-system') return;
    this.violated(`An attempt failed by itself: ${root.name}: ${root.message}\n${root.stack ?? ''}`);
  }

  /** As a process that starts now would find it. */
  newestCheckpoint(): CheckpointMetadata | undefined {
    const { disk } = this.world;
    const ids = disk
      .list('checkpoints')
      .map((name) => /^chk-(\d+)\.json$/.exec(name)?.[1])
      .filter((id) => id !== undefined)
      .map(Number);
    if (ids.length === 0) return undefined;
    const path = `checkpoints/chk-${Math.max(...ids)}.json`;
    return decodeChecksummedJson('checkpoint', 1, disk.read(path)!, path) as CheckpointMetadata;
  }

  ledger(): AttemptLedger | undefined {
    const bytes = this.world.disk.read('attempts.json');
    return bytes && (decodeChecksummedJson('attempts', 1, bytes, 'attempts.json') as AttemptLedger);
  }

  private recorded(): readonly PreparedTransaction[] {
    return this.newestCheckpoint()?.subtasks.flatMap((each) => each.snapshot.committables ?? []) ?? [];
  }
}

function isSame(recorded: PreparedTransaction, handle: TransactionHandle): boolean {
  return (
    recorded.transactionalId === handle.transactionalId &&
    recorded.producerId === String(handle.producerId) &&
    recorded.producerEpoch === handle.producerEpoch
  );
}

function nameOf({ transactionalId, producerEpoch }: TransactionHandle): string {
  return `transaction ${transactionalId} epoch ${producerEpoch}`;
}

function rootOf(failure: Failure): Failure {
  return failure.cause === undefined ? failure : rootOf(failure.cause);
}
