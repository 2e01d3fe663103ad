import { beginAttempt, markSettled, releaseUnusedCheckpointIds } from '../checkpoint/attempt-ledger.js';
import type { CheckpointMetadata, JsonValue } from '../checkpoint/checkpoint-metadata.js';
import type { CheckpointStore } from '../checkpoint/checkpoint-store.js';
import type { DurableCheckpoint } from '../checkpoint/durable-checkpoint.js';
import {
  type DurableJobState,
  decideRecovery,
  type RecoveryDecision,
  type RunKind,
} from '../checkpoint/recovery-decision.js';
import { isSettled, planSettlement } from '../checkpoint/settlement-plan.js';
import type { Clock } from '../host/clock.js';
import type { LogClient } from '../log/log-port.js';
import type { MillraceError } from '../protocol/failures.js';
import { type CheckpointId, executionAttempt, subtaskIndex } from '../protocol/ids.js';
import { settleTransactions } from '../sinks/settle-transactions.js';
import type { JobDescription } from './job-description.js';
import type { JobSettings } from './job-settings.js';
import type { DeployableDecision } from './job-state.js';

/**
 * The steps between the disk and a deployment, each durable before the next begins: decide, settle, record.
 * The order is the job transitions'; these only carry the steps out.
 */
export class Recovery {
  private readonly options: RecoveryOptions;
  private run: RunKind = 'first-start';
  private onDisk: DurableJobState = { ledger: undefined, newestCheckpoint: undefined };

  constructor(options: RecoveryOptions) {
    this.options = options;
  }

  async decide(run: RunKind): Promise<RecoveryDecision> {
    this.run = run;
    this.onDisk = await this.options.store.read();
    return decideRecovery(this.onDisk, this.options.job.toRun, run);
  }

  /** Commits what the newest checkpoint records and shuts out every other id that may have been used. */
  async settle(before: 'deployment' | 'end'): Promise<void> {
    const { store, job, clock } = this.options;
    this.onDisk = await store.read();
    const pools = before === 'deployment' ? job.transactionalIdPools : [];
    const plan = planSettlement({ ...this.onDisk, pools });
    if (plan.commits.length > 0 || plan.fences.length > 0) {
      await settleTransactions(await this.options.log(), plan, clock, (failure) => this.onLost(failure));
    }
    await this.settleSinks();
    const { ledger, newestCheckpoint } = this.onDisk;
    // Before a deployment the attempt's record says so, in the same write.
    if (before === 'deployment' || ledger === undefined || newestCheckpoint === undefined) return;
    const through = newestCheckpoint.metadata.checkpointId;
    await store.updateLedger((current) => markSettled(current ?? ledger, through));
  }

  /** Makes the attempt durable and, for a new line of checkpoints, the sources' resolved start positions. */
  async record(decision: DeployableDecision): Promise<AttemptStart> {
    const { job, store, clock, settings } = this.options;
    const { attempt } = decision;
    const isNew = decision.kind === 'start-new';
    const initial = isNew ? await this.initialCheckpoint(decision) : undefined;
    const lastUsedCheckpointId = isNew ? decision.initialCheckpointId : decision.lastUsedCheckpointId;
    const ledger = await store.updateLedger((current) =>
      beginAttempt(current, {
        jobName: job.toRun.jobName,
        record: {
          attempt,
          startedAtMs: clock.epochMs(),
          parallelism: settings.parallelism,
          maxParallelism: settings.maxParallelism,
          graphHash: job.toRun.graphHash,
        },
        pools: job.transactionalIdPools,
        lastUsedCheckpointId,
        idReservationSize: settings.checkpoints.idReservationSize,
        settledThrough: this.onDisk.newestCheckpoint?.metadata.checkpointId ?? null,
      }),
    );
    await this.options.beforeFirstRead(isNew);
    await this.requireSinkTopics();
    const checkpoint =
      decision.kind === 'restore'
        ? decision.checkpoint
        : await store.writeCheckpoint(initial as CheckpointMetadata);
    return { checkpoint, lastUsedCheckpointId, idsReservedThrough: ledger.checkpointIdsReservedThrough };
  }

  /** At an orderly end. */
  async releaseCheckpointIds(lastUsed: CheckpointId): Promise<void> {
    await this.options.store.updateLedger((ledger) => {
      if (ledger === undefined) throw new Error('No attempt was recorded.');
      return releaseUnusedCheckpointIds(ledger, lastUsed);
    });
  }

  /** What lies elsewhere than on the log. */
  private async settleSinks(): Promise<void> {
    const { job, warn } = this.options;
    const { newestCheckpoint } = this.onDisk;
    const unsettled = isSettled(this.onDisk) ? [] : (newestCheckpoint?.metadata.subtasks ?? []);
    for (const { uid, sink } of job.sinks) {
      const committables = unsettled
        .filter((each) => each.operatorUid === uid)
        .flatMap((each) => each.snapshot.listState ?? []);
      await sink.settle?.({ committables, warn });
    }
  }

  /**
   * A sink would find out only at its first record, which may be hours away, and each attempt anew; so would the
   * source of the first record that can't be read. Not before
   * a restart: it would not be the topic's absence that ended the attempt.
   * @throws LogError `unknown-topic`, naming all that don't exist.
   */
  private async requireSinkTopics(): Promise<void> {
    const { sinks, sources } = this.options.job;
    const ofSinks = sinks.flatMap(({ sink }) => sink.topics ?? []);
    const topics = new Set([
      ...ofSinks,
      ...sources.flatMap(({ source }) => source.deadLetters?.deadLetter ?? []),
    ]);
    if (this.run === 'restart' || topics.size === 0) return;
    const log = await this.options.log();
    await log.describeTopics([...topics]);
  }

  /** Who begins anew is told what is lost; who goes on would have it hidden. */
  private onLost(failure: MillraceError): void {
    if (this.run !== 'fresh-start') throw failure;
    this.options.warn(failure.message);
  }

  private async initialCheckpoint(
    decision: Extract<DeployableDecision, { readonly kind: 'start-new' }>,
  ): Promise<CheckpointMetadata> {
    const { job, clock } = this.options;
    const subtasks = await Promise.all(
      job.sources.map(async (source) => ({
        operatorUid: source.uid,
        subtaskIndex: subtaskIndex(0),
        snapshot: {
          listState: (await source.source.discoverSplits(this.options)) as unknown as readonly JsonValue[],
          stateBytes: 0,
        },
      })),
    );
    return {
      formatVersion: 1,
      ...job.checkpointed,
      checkpointId: decision.initialCheckpointId,
      // No attempt took it: it is what the first one begins from.
      attempt: executionAttempt(decision.attempt),
      completedAtMs: clock.epochMs(),
      isFinal: false,
      subtasks,
    };
  }
}

export interface AttemptStart {
  readonly checkpoint: DurableCheckpoint;
  readonly lastUsedCheckpointId: CheckpointId;
  readonly idsReservedThrough: CheckpointId;
}

export interface RecoveryOptions {
  readonly job: JobDescription;
  readonly settings: JobSettings;
  readonly store: CheckpointStore;
  readonly clock: Clock;
  log(): Promise<LogClient>;
  /** Tells people of something that stops nothing. */
  warn(message: string): void;
  /** After settlement and before the first read of a new line of checkpoints is durable. */
  beforeFirstRead(isNew: boolean): Promise<void>;
}
