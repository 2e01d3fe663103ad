import { describe, expect, it } from 'vitest';
import type { AttemptLedger } from '../../src/checkpoint/attempt-ledger.js';
import { CheckpointStore } from '../../src/checkpoint/checkpoint-store.js';
import type { RecoveryDecision } from '../../src/checkpoint/recovery-decision.js';
import { describeJob } from '../../src/job-manager/job-description.js';
import type { DeployableDecision } from '../../src/job-manager/job-state.js';
import { Recovery } from '../../src/job-manager/recovery.js';
import type { LogClient } from '../../src/log/log-port.js';
import { LogError } from '../../src/log/log-port.js';
import { unknownTopics } from '../../src/log/topic-names.js';
import { checkpointId } from '../../src/protocol/ids.js';
import { discardSink } from '../../src/sinks/discard-sink.js';
import { metadataOf, prepared, snapshotOf } from '../checkpoint/checkpoint-fixtures.js';
import { SimulatedClock } from '../simulation/simulated-clock.js';
import { SimulatedDisk } from '../simulation/simulated-files.js';
import { SimulatedRandom } from '../simulation/simulated-random.js';
import { graphOf, testSettings } from './job-manager-fixtures.js';

const transactionalSink = {
  ...discardSink<number>(),
  topics: ['results'],
  transactions: { transactionalIdPrefix: 'out', poolSize: 1, transactionTimeoutMs: 60_000 },
};
const job = describeJob(
  graphOf((env) => env.fromSequence(1, 9, { uid: 'numbers' }).sinkTo(transactionalSink, { uid: 'out' })),
  testSettings,
);

/** A job with a transactional sink, on a simulated disk and a log that writes down what it is asked. */
class RecoveryFixture {
  readonly random = new SimulatedRandom(1);
  readonly clock = new SimulatedClock(this.random);
  readonly disk = new SimulatedDisk(this.random);
  /** Writes and requests in the order in which they were begun. */
  readonly happened: string[] = [];
  readonly warnings: string[] = [];
  readonly store: CheckpointStore;
  readonly recovery: Recovery;
  lost: LogError | undefined;
  topics = ['results'];

  constructor(jobToRun = job) {
    this.disk.faults = (path) => {
      this.happened.push(`write ${path}`);
      return { kind: 'succeed', delayMs: 1 };
    };
    this.store = new CheckpointStore(this.disk.open(this.clock), 'state');
    this.recovery = new Recovery({
      job: jobToRun,
      settings: testSettings,
      store: this.store,
      clock: this.clock,
      log: async () => this.log(),
      beforeFirstRead: async (isNew) => void this.happened.push(`before first read, new: ${isNew}`),
      warn: (message) => this.warnings.push(message),
    });
  }

  async settled<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false;
    const done = (): void => {
      isSettled = true;
    };
    promise.then(done, done);
    await this.clock.runUntil(() => isSettled, 1e9);
    return promise;
  }

  decide(run: 'first-start' | 'restart' | 'fresh-start' = 'first-start'): Promise<RecoveryDecision> {
    return this.settled(this.recovery.decide(run));
  }

  async decideToDeploy(): Promise<DeployableDecision> {
    const decision = await this.decide();
    if (decision.kind === 'start-new' || decision.kind === 'restore') return decision;
    throw new Error(`Decided to ${decision.kind}.`);
  }

  /** Decides, settles and records, as the job's transitions order it. */
  async begin() {
    const decision = await this.decideToDeploy();
    await this.settled(this.recovery.settle('deployment'));
    return this.settled(this.recovery.record(decision));
  }

  /** Checkpoint `id` of the attempt, with a transaction to commit. */
  async complete(id: number, isFinal = false): Promise<void> {
    const subtasks = [snapshotOf('out', 0, { committables: [prepared(`of-${id}`)] })];
    await this.settled(
      this.store.writeCheckpoint(metadataOf(id, { ...job.checkpointed, isFinal, subtasks })),
    );
    this.happened.length = 0;
  }

  async ledger(): Promise<AttemptLedger | undefined> {
    return (await this.settled(this.store.read())).ledger;
  }

  private log(): LogClient {
    const transactions = {
      commit: async ({ transactionalId }: { transactionalId: string }) => {
        this.happened.push(`commit ${transactionalId}`);
        if (this.lost !== undefined) throw this.lost;
      },
      fence: async (transactionalId: string) => void this.happened.push(`fence ${transactionalId}`),
    };
    const describeTopics = async (wanted: readonly string[]) => {
      const missing = wanted.filter((topic) => !this.topics.includes(topic));
      if (missing.length > 0) throw unknownTopics(missing);
      return [];
    };
    return { transactions, describeTopics } as unknown as LogClient;
  }
}

const kindsOf = (happened: readonly string[]): string[] => happened.map((each) => each.split(' ')[0] ?? '');

describe('The first attempt of a new job', () => {
  it('is on record, and the input filled, before checkpoint 0 is: nothing reads before that', async () => {
    const fixture = new RecoveryFixture();
    const start = await fixture.begin();
    expect(fixture.happened.filter((each) => !each.startsWith('fence'))).toEqual([
      'write attempts.json',
      'before first read, new: true',
      'write checkpoints/chk-0.json',
    ]);
    expect(start.checkpoint.metadata.checkpointId).toBe(0);
    expect(start.idsReservedThrough).toBe(testSettings.checkpoints.idReservationSize);
  });

  it('shuts out whoever may use its transactional ids, before it is on record', async () => {
    const fixture = new RecoveryFixture();
    await fixture.begin();
    const fences = fixture.happened.filter((each) => each.startsWith('fence'));
    expect(fences.length).toBeGreaterThanOrEqual(2);
    expect(fixture.happened.slice(0, fences.length)).toEqual(fences);
  });

  it('has the sources’ splits in checkpoint 0, each once, at its start', async () => {
    const fixture = new RecoveryFixture();
    const { checkpoint } = await fixture.begin();
    const [numbers, ...others] = checkpoint.metadata.subtasks;
    expect(others).toEqual([]);
    expect(numbers?.operatorUid).toBe('numbers');
    expect(numbers?.snapshot.listState).toHaveLength(8);
  });

  it('does not begin without the topic that a sink writes to', async () => {
    const fixture = new RecoveryFixture();
    fixture.topics = [];
    await expect(fixture.begin()).rejects.toThrow(/Topic results does not exist/);
    expect(fixture.happened.filter((each) => each.startsWith('write checkpoints'))).toEqual([]);
  });

  it('that never got to checkpoint 0 is not taken for one that did', async () => {
    const fixture = new RecoveryFixture();
    const decision = await fixture.decideToDeploy();
    await fixture.settled(fixture.recovery.settle('deployment'));
    fixture.disk.faults = (path) => ({
      kind: path.startsWith('checkpoints') ? 'fail-before' : 'succeed',
      delayMs: 1,
    });
    await expect(fixture.settled(fixture.recovery.record(decision))).rejects.toThrow('chk-0');
    const again = await fixture.decide('restart');
    expect(again).toMatchObject({ kind: 'start-new', attempt: 2, initialCheckpointId: 101 });
  });
});

describe('An attempt that goes on from a checkpoint', () => {
  it('first commits what that records, then fences the rest, then is on record; the checkpoint stays as it is', async () => {
    const fixture = new RecoveryFixture();
    await fixture.begin();
    await fixture.complete(1);
    const start = await fixture.begin();
    expect(new Set(kindsOf(fixture.happened))).toEqual(new Set(['commit', 'fence', 'write', 'before']));
    expect(kindsOf(fixture.happened).filter((each, index, all) => each !== all[index - 1])).toEqual([
      'commit',
      'fence',
      'write',
      'before',
    ]);
    expect(fixture.happened.at(-1)).toBe('before first read, new: false');
    expect(start.checkpoint.metadata.checkpointId).toBe(1);
    expect(start.lastUsedCheckpointId).toBe(100);
    expect(await fixture.ledger()).toMatchObject({ settledThrough: 1, latest: { attempt: 2 } });
  });

  it('does not commit again what is known to be committed', async () => {
    const fixture = new RecoveryFixture();
    await fixture.begin();
    await fixture.complete(1);
    await fixture.begin();
    fixture.happened.length = 0;
    await fixture.begin();
    expect(fixture.happened.filter((each) => each.startsWith('commit'))).toEqual([]);
  });

  it('is not on record when the commit failed', async () => {
    const fixture = new RecoveryFixture();
    await fixture.begin();
    await fixture.complete(1);
    fixture.lost = new LogError('transaction-lost', 'gone');
    await fixture.decide('restart');
    await expect(fixture.settled(fixture.recovery.settle('deployment'))).rejects.toMatchObject({
      action: 'fail-job',
    });
    expect(fixture.happened).toEqual(['commit of-1']);
    expect(await fixture.ledger()).toMatchObject({ latest: { attempt: 1 }, settledThrough: null });
  });
});

it('Who begins anew is told of a recorded transaction that is lost, and begins all the same', async () => {
  const fixture = new RecoveryFixture();
  await fixture.begin();
  await fixture.complete(1);
  fixture.lost = new LogError('transaction-lost', 'It timed out.');
  await fixture.decide('fresh-start');
  await fixture.settled(fixture.recovery.settle('deployment'));
  expect(fixture.warnings).toEqual([expect.stringContaining('It timed out.')]);
});

describe('A sink that is not on the log', () => {
  const settled: (readonly unknown[])[] = [];
  const settlingJob = describeJob(
    graphOf((env) =>
      env
        .fromSequence(1, 9, { uid: 'numbers' })
        .sinkTo(
          { ...discardSink<number>(), settle: async ({ committables }) => void settled.push(committables) },
          { uid: 'out' },
        ),
    ),
    testSettings,
  );

  it('is settled with what the newest checkpoint records of it, and then with nothing', async () => {
    const fixture = new RecoveryFixture(settlingJob);
    await fixture.begin();
    const subtasks = [
      snapshotOf('out', 0, { listState: ['part 1'] }),
      snapshotOf('numbers', 0, { listState: ['a split'] }),
      snapshotOf('out', 1, { listState: ['part 2', 'part 3'] }),
    ];
    await fixture.settled(
      fixture.store.writeCheckpoint(metadataOf(1, { ...settlingJob.checkpointed, subtasks })),
    );
    await fixture.begin();
    await fixture.begin();
    expect(settled).toEqual([[], ['part 1', 'part 2', 'part 3'], []]);
  });
});

describe('At the end', () => {
  it('what the last checkpoint records is committed, and on record as such', async () => {
    const fixture = new RecoveryFixture();
    await fixture.begin();
    await fixture.complete(1, true);
    await fixture.settled(fixture.recovery.settle('end'));
    expect(fixture.happened[0]).toBe('commit of-1');
    expect(fixture.happened.at(-1)).toBe('write attempts.json');
    expect(await fixture.ledger()).toMatchObject({ settledThrough: 1 });
  });

  it('ids that were reserved and not used are given back', async () => {
    const fixture = new RecoveryFixture();
    await fixture.begin();
    await fixture.settled(fixture.recovery.releaseCheckpointIds(checkpointId(7)));
    expect(await fixture.ledger()).toMatchObject({ checkpointIdsReservedThrough: 7 });
  });

  it('a job that ended between its last checkpoint and its end has only to commit', async () => {
    const fixture = new RecoveryFixture();
    await fixture.begin();
    await fixture.complete(1, true);
    expect(await fixture.decide()).toMatchObject({ kind: 'finish' });
    await fixture.settled(fixture.recovery.settle('end'));
    expect(await fixture.decide()).toMatchObject({ kind: 'start-new', because: 'finished-before' });
  });
});
