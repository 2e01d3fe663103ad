import { describe, expect, it } from 'vitest';
import { beginAttempt } from '../../src/checkpoint/attempt-ledger.js';
import { defaultCheckpointSettings } from '../../src/checkpoint/checkpoint-settings.js';
import { CheckpointStore } from '../../src/checkpoint/checkpoint-store.js';
import { CheckpointDriver, type CheckpointOrder } from '../../src/job-manager/checkpoint-driver.js';
import { checkpointId, executionAttempt, jobName } from '../../src/protocol/ids.js';
import { testJob, twoSubtasks } from '../checkpoint/checkpoint-fixtures.js';
import { SimulatedClock } from '../simulation/simulated-clock.js';
import { SimulatedDisk } from '../simulation/simulated-files.js';
import { SimulatedRandom } from '../simulation/simulated-random.js';

const attempt = executionAttempt(1);
const settings = {
  ...defaultCheckpointSettings,
  checkpointIntervalMs: 100,
  checkpointTimeoutMs: 500,
  idReservationSize: 4,
  tolerableFailedCheckpoints: 5,
};

/** A driver whose attempt has begun, with its orders in a word each. */
class DriverFixture {
  readonly random = new SimulatedRandom(1);
  readonly clock = new SimulatedClock(this.random);
  readonly disk = new SimulatedDisk(this.random);
  readonly store = new CheckpointStore(this.disk.open(this.clock), 'state');
  readonly orders: CheckpointOrder[] = [];
  readonly driver: CheckpointDriver;

  constructor() {
    const options = {
      settings,
      store: this.store,
      clock: this.clock,
      order: (order: CheckpointOrder) => this.orders.push(order),
    };
    this.driver = new CheckpointDriver(options, checkpointId(0));
  }

  async begin(): Promise<void> {
    const recorded = this.store.updateLedger((ledger) =>
      beginAttempt(ledger, {
        jobName: jobName('orders'),
        record: { attempt, startedAtMs: 0, parallelism: 2, maxParallelism: 8, graphHash: 'g1' },
        pools: [],
        lastUsedCheckpointId: checkpointId(0),
        idReservationSize: settings.idReservationSize,
        settledThrough: null,
      }),
    );
    await this.clock.advance(1);
    await recorded;
    this.driver.dispatch({
      kind: 'attempt-started',
      attempt,
      job: testJob,
      subtasks: twoSubtasks,
      restoredCheckpointId: checkpointId(0),
      idsReservedThrough: checkpointId(settings.idReservationSize),
    });
  }

  /** Both subtasks acknowledge the checkpoint. */
  acknowledge(id: number): void {
    for (const subtask of twoSubtasks) {
      this.driver.dispatch({ kind: 'ack', attempt, checkpointId: checkpointId(id), subtask, snapshots: [] });
    }
  }

  get words(): string[] {
    return this.orders.map((order) => {
      switch (order.kind) {
        case 'trigger-checkpoint':
        case 'notify-aborted':
          return `${order.kind} ${order.checkpointId}`;
        case 'notify-complete':
          return `${order.kind} ${order.checkpoint.metadata.checkpointId}`;
        default:
          return order.kind;
      }
    });
  }
}

describe('The checkpoint driver', () => {
  it('triggers in the rhythm of the interval, and tells of completion only when the metadata is durable', async () => {
    const fixture = new DriverFixture();
    await fixture.begin();
    await fixture.clock.advance(100);
    expect(fixture.words).toEqual(['trigger-checkpoint 1']);
    fixture.disk.faults = () => ({ kind: 'succeed', delayMs: 30 });
    fixture.acknowledge(1);
    await fixture.clock.advance(29);
    expect(fixture.words).toEqual(['trigger-checkpoint 1']);
    await fixture.clock.advance(1);
    expect(fixture.words).toEqual(['trigger-checkpoint 1', 'notify-complete 1']);
    expect(fixture.disk.list('checkpoints')).toEqual(['chk-1.json']);
    await fixture.clock.advance(70);
    expect(fixture.words).toEqual(['trigger-checkpoint 1', 'notify-complete 1', 'trigger-checkpoint 2']);
  });

  it('removes the metadata of older checkpoints once a newer one is durable', async () => {
    const fixture = new DriverFixture();
    await fixture.begin();
    for (const id of [1, 2]) {
      await fixture.clock.advance(100);
      fixture.acknowledge(id);
    }
    await fixture.clock.advance(10);
    expect(fixture.disk.list('checkpoints')).toEqual(['chk-2.json']);
  });

  it('lets a checkpoint expire, and takes the next', async () => {
    const fixture = new DriverFixture();
    await fixture.begin();
    await fixture.clock.advance(100 + settings.checkpointTimeoutMs + settings.retryPauseMs);
    expect(fixture.words).toEqual(['trigger-checkpoint 1', 'notify-aborted 1', 'trigger-checkpoint 2']);
    expect(fixture.driver.lastTriggeredId).toBe(2);
  });

  it('makes ids durable before it uses them', async () => {
    const fixture = new DriverFixture();
    await fixture.begin();
    for (let id = 1; id <= 10; id += 1) {
      await fixture.clock.advance(100);
      expect(fixture.words.at(-1)).toBe(`trigger-checkpoint ${id}`);
      const onDisk = await readLedger(fixture);
      expect(onDisk?.checkpointIdsReservedThrough).toBeGreaterThanOrEqual(id);
      fixture.acknowledge(id);
    }
  });

  it('goes on after a write that certainly did not happen, and ends the process after one that may have', async () => {
    const fixture = new DriverFixture();
    await fixture.begin();
    await fixture.clock.advance(100);
    const failMetadata = (kind: 'fail-before' | 'fail-unknown'): void => {
      fixture.disk.faults = (path) => ({
        kind: path.startsWith('checkpoints/') ? kind : 'succeed',
        delayMs: 1,
      });
    };
    failMetadata('fail-before');
    fixture.acknowledge(1);
    await fixture.clock.advance(1);
    expect(fixture.words.at(-1)).toBe('notify-aborted 1');
    failMetadata('fail-unknown');
    await fixture.clock.advance(settings.retryPauseMs + 100);
    expect(fixture.words.at(-1)).toBe('trigger-checkpoint 2');
    fixture.acknowledge(2);
    await fixture.clock.advance(1);
    expect(fixture.words.at(-1)).toBe('exit-process');
  });

  it('fails the attempt when no more ids can be made durable', async () => {
    const fixture = new DriverFixture();
    await fixture.begin();
    fixture.disk.faults = (path) => ({
      kind: path === 'attempts.json' ? 'fail-before' : 'succeed',
      delayMs: 1,
    });
    for (const id of [1, 2]) {
      await fixture.clock.advance(100);
      fixture.acknowledge(id);
    }
    await fixture.clock.advance(10);
    expect(fixture.words).toContain('fail-attempt');
  });

  it('sets no timer once it is closed', async () => {
    const fixture = new DriverFixture();
    await fixture.begin();
    fixture.driver.close();
    await fixture.clock.advance(1_000);
    expect(fixture.words).toEqual([]);
  });
});

async function readLedger({ store, clock }: DriverFixture) {
  const reading = store.read();
  await clock.advance(2);
  return (await reading).ledger;
}
