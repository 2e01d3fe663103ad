import { describe, expect, it } from 'vitest';
import type { StreamExecutionEnvironment } from '../../src/api/environment.js';
import {
  type Collector,
  type KeyedContext,
  KeyedProcessFunction,
  type RuntimeContext,
} from '../../src/api/functions.js';
import { defineJob, type JobDefinition } from '../../src/api/job.js';
import type { SubtaskSnapshot } from '../../src/checkpoint/checkpoint-metadata.js';
import { describeGraph } from '../../src/graph/graph-description.js';
import {
  checkpointId,
  executionAttempt,
  operatorUid,
  type SubtaskRef,
  slotIndex,
} from '../../src/protocol/ids.js';
import type { FromTaskManager, ToTaskManager } from '../../src/protocol/messages.js';
import { collectSink } from '../../src/sinks/collect-sink.js';
import type { SourceSplit } from '../../src/sources/source.js';
import { CachedKeyedStateStore } from '../../src/state/cached-keyed-state-store.js';
import { InMemoryStateBases, SimulatedStateDisk } from '../../src/state/in-memory-state-bases.js';
import type { ValueState } from '../../src/state/state-descriptors.js';
import { TaskManager } from '../../src/task-manager/task-manager.js';
import { SimulatedClock } from '../simulation/simulated-clock.js';
import { SimulatedDisk } from '../simulation/simulated-files.js';
import { SimulatedRandom } from '../simulation/simulated-random.js';

const attempt = executionAttempt(3);
const slot = slotIndex(0);
const source = operatorUid('numbers');

type MessageOf<Kind extends FromTaskManager['kind']> = Extract<FromTaskManager, { readonly kind: Kind }>;

/** One TaskManager that runs a whole job at parallelism 1, and the test in the JobManager's place. */
class TaskManagerFixture {
  readonly messages: FromTaskManager[] = [];
  readonly taskManager: TaskManager;
  readonly clock: SimulatedClock;
  private readonly job: JobDefinition;

  constructor(job: JobDefinition, disks = new Disks()) {
    const { random } = disks;
    this.job = job;
    this.clock = disks.clock;
    const clock = this.clock.process();
    disks.beginProcess(() => clock.kill());
    this.taskManager = new TaskManager({
      slot,
      attempt,
      clock,
      eventLoop: { nextTurn: (callback) => void clock.setTimer(0, callback) },
      loadJob: async () => job,
      openLog: () => Promise.reject(new Error('This job has no log.')),
      openState: () =>
        new CachedKeyedStateStore({
          bases: new InMemoryStateBases(disks.bases, clock),
          files: disks.files.open(clock),
          segmentFolder: 'segments',
          clock,
          random,
        }),
      channelEnds: {
        openInput: () => {
          throw new Error('There is one slot.');
        },
        openOutput: () => {
          throw new Error('There is one slot.');
        },
      },
      send: (message) => this.messages.push(message),
    });
  }

  of<Kind extends FromTaskManager['kind']>(kind: Kind): MessageOf<Kind>[] {
    return this.messages.filter((message): message is MessageOf<Kind> => message.kind === kind);
  }

  /** All that was said but for heartbeats. */
  get said(): string[] {
    return this.messages.map((message) => message.kind).filter((kind) => kind !== 'metrics');
  }

  tell(message: ToTaskManager): Promise<void> {
    this.taskManager.receive(message);
    return this.clock.advance(20);
  }

  async startAndDeploy(restored: readonly SubtaskSnapshot[] = []): Promise<void> {
    await this.taskManager.start();
    await this.deploy(restored);
  }

  async deploy(restored: readonly SubtaskSnapshot[] = []): Promise<void> {
    const list = restored.find((each) => each.operatorUid === source)?.snapshot.listState;
    await this.tell({
      kind: 'deploy',
      attempt,
      deployment: {
        slot,
        parallelism: 1,
        maxParallelism: 8,
        restored,
        splits: [
          {
            operatorUid: source,
            splits: (list as unknown as SourceSplit[] | undefined) ?? (await this.discoverSplits()),
          },
        ],
      },
    });
  }

  async checkpoint(id: number): Promise<readonly SubtaskSnapshot[]> {
    const checkpoint = checkpointId(id);
    await this.tell({ kind: 'trigger-checkpoint', attempt, checkpointId: checkpoint, triggeredAtMs: 0 });
    return this.of('checkpoint-acknowledged')
      .filter((message) => message.checkpointId === checkpoint)
      .flatMap((message) => message.snapshots);
  }

  private async discoverSplits(): Promise<readonly SourceSplit[]> {
    const node = this.job.buildGraph().nodes[0];
    if (node?.kind !== 'source') throw new Error('The job begins with its source.');
    return node.source.discoverSplits({ log: () => Promise.reject(new Error('There is no log.')) });
  }
}

/** What outlives a TaskManager. */
class Disks {
  readonly random = new SimulatedRandom(1);
  readonly clock = new SimulatedClock(this.random);
  readonly files = new SimulatedDisk(this.random);
  readonly bases = new SimulatedStateDisk();
  private killProcess: () => void = () => {};

  beginProcess(kill: () => void): void {
    this.killProcess = kill;
  }

  /** The thread is gone. */
  crash(): void {
    this.killProcess();
    this.files.crash();
    this.bases.crash();
  }
}

class Sum extends KeyedProcessFunction<number, number, number> {
  private sum!: ValueState<number>;
  private readonly onClose: () => void;

  constructor(onClose: () => void = () => {}) {
    super();
    this.onClose = onClose;
  }

  override open(context: RuntimeContext): void {
    this.sum = context.getState<number>({ name: 'sum', defaultValue: 0 });
  }

  processElement(value: number, _context: KeyedContext<number>, out: Collector<number>): void {
    if (value === 13) throw new Error('thirteen');
    const sum = (this.sum.value() ?? 0) + value;
    this.sum.update(sum);
    out.collect(sum);
  }

  override close(): void {
    this.onClose();
  }
}

/** The running sum of the numbers up to `end`. */
const sums = (end: number, fn = new Sum()) =>
  defineJob('sums', (env: StreamExecutionEnvironment) => {
    const numbers = Array.from({ length: end }, (_, index) => index + 1);
    env
      .fromCollection(numbers, { uid: source })
      .keyBy(() => 0)
      .process(fn, { uid: 'sum' })
      .sinkTo(collectSink(), { uid: 'out' });
  });

describe('A TaskManager', () => {
  it('tells the shape of the graph it has built, runs what it is given, and says when each subtask is done', async () => {
    const job = sums(3);
    const fixture = new TaskManagerFixture(job);
    await fixture.startAndDeploy();
    expect(fixture.said).toEqual([
      'graph-built',
      'running',
      'first-record-processed',
      'subtask-finished',
      'subtask-finished',
    ]);
    expect(fixture.of('graph-built')[0]?.graphDescription).toBe(describeGraph(job.buildGraph()));
    expect(fixture.messages.every((message) => message.attempt === attempt)).toBe(true);
    const finished: SubtaskRef[] = fixture.of('subtask-finished').map((message) => message.subtask);
    expect(finished).toEqual([
      { vertexId: 0, subtaskIndex: 0 },
      { vertexId: 1, subtaskIndex: 0 },
    ]);
  });

  it('reports whole totals before it says that a subtask is done', async () => {
    const fixture = new TaskManagerFixture(sums(3));
    await fixture.startAndDeploy();
    const lastOf = (kind: FromTaskManager['kind']) =>
      fixture.messages.findLastIndex((message) => message.kind === kind);
    expect(lastOf('metrics')).toBe(lastOf('subtask-finished') - 1);
    const totals = new Map(
      fixture
        .of('metrics')
        .at(-1)
        ?.subtasks.map((each) => [each.subtask.vertexId, each.numRecordsIn]),
    );
    expect([...totals].sort()).toEqual([
      [0, 3],
      [1, 3],
    ]);
  });

  it('takes checkpoints after the end of the input too, with what its sinks report for each', async () => {
    const fixture = new TaskManagerFixture(sums(3));
    await fixture.startAndDeploy();
    const snapshots = await fixture.checkpoint(7);
    expect(snapshots.map((each) => each.operatorUid).sort()).toEqual(['numbers', 'out', 'sum']);
    expect(fixture.of('report').map((message) => [message.checkpointId, message.value])).toEqual([
      [7, 1],
      [7, 3],
      [7, 6],
    ]);
  });

  it('goes on from what it is given to restore', async () => {
    const disks = new Disks();
    const first = new TaskManagerFixture(sums(3), disks);
    await first.startAndDeploy();
    const snapshots = await first.checkpoint(1);
    disks.crash();
    // The same job with more input: its source has one split, whose position is restored.
    const second = new TaskManagerFixture(sums(5), disks);
    await second.startAndDeploy(JSON.parse(JSON.stringify(snapshots)) as SubtaskSnapshot[]);
    await second.checkpoint(2);
    expect(second.of('report').map((message) => message.value)).toEqual([10, 15]);
  });

  it('drops what is said to another attempt', async () => {
    const fixture = new TaskManagerFixture(sums(3));
    await fixture.startAndDeploy();
    const stale = executionAttempt(2);
    const before = fixture.said.length;
    await fixture.tell({
      kind: 'trigger-checkpoint',
      attempt: stale,
      checkpointId: checkpointId(1),
      triggeredAtMs: 0,
    });
    await fixture.tell({ kind: 'shut-down', attempt: stale });
    expect(fixture.said).toHaveLength(before);
  });

  it('gives signs of life from the beginning, at least twice a second', async () => {
    const fixture = new TaskManagerFixture(sums(3));
    void fixture.taskManager.start();
    await fixture.clock.advance(3_000);
    expect(fixture.of('metrics').length).toBeGreaterThanOrEqual(6);
  });
});

describe('A TaskManager that fails', () => {
  const afterFailure = async (fixture: TaskManagerFixture) => {
    const failures = fixture.of('failed');
    expect(failures).toHaveLength(1);
    const said = fixture.messages.length;
    await fixture.checkpoint(1);
    await fixture.tell({ kind: 'shut-down', attempt });
    await fixture.clock.advance(5_000);
    expect(fixture.messages).toHaveLength(said);
    return failures[0]!.failure;
  };

  it('because a function throws says so once, with its name and its record, which came through an exchange, and nothing after that', async () => {
    const fixture = new TaskManagerFixture(sums(20));
    await fixture.startAndDeploy();
    const failure = await afterFailure(fixture);
    expect(failure).toMatchObject({ domain: 'user-code', action: 'restart' });
    expect(failure.message).toBe(
      'processElement() of operator "sum" (subtask 0) threw. The record is at collection-source, split 0, element 12.',
    );
    expect(failure.cause?.message).toBe('thirteen');
  });

  it('because the job can’t be built says so', async () => {
    const fixture = new TaskManagerFixture(
      defineJob('broken', () => {
        throw new Error('no such topic list');
      }),
    );
    await fixture.taskManager.start();
    expect((await afterFailure(fixture)).message).toContain('no such topic list');
  });

  it('because an operator can’t open says so, and does not run', async () => {
    class NeverOpen extends Sum {
      override open(): void {
        throw new Error('no database');
      }
    }
    const fixture = new TaskManagerFixture(sums(3, new NeverOpen()));
    await fixture.startAndDeploy();
    expect(fixture.said).not.toContain('running');
    expect((await afterFailure(fixture)).message).toBe('open() of operator "sum" (subtask 0) threw.');
  });

  it('because it is deployed twice says so', async () => {
    const fixture = new TaskManagerFixture(sums(3));
    await fixture.startAndDeploy();
    await fixture.deploy();
    expect((await afterFailure(fixture)).message).toBe('Deployed while running.');
  });
});

describe('A TaskManager that is told to shut down', () => {
  it('closes the functions, says so, and is silent from then on', async () => {
    let closed = 0;
    const fixture = new TaskManagerFixture(sums(3, new Sum(() => (closed += 1))));
    await fixture.startAndDeploy();
    await fixture.checkpoint(1);
    await fixture.tell({ kind: 'shut-down', attempt });
    expect(closed).toBe(1);
    expect(fixture.said.at(-1)).toBe('shut-down-complete');
    const said = fixture.messages.length;
    await fixture.clock.advance(5_000);
    expect(fixture.messages).toHaveLength(said);
  });

  it('tells of a function that can’t be closed', async () => {
    const fixture = new TaskManagerFixture(
      sums(
        3,
        new Sum(() => {
          throw new Error('still open');
        }),
      ),
    );
    await fixture.startAndDeploy();
    await fixture.tell({ kind: 'shut-down', attempt });
    expect(fixture.said.slice(-1)).toEqual(['failed']);
    expect(fixture.of('failed')[0]?.failure.message).toBe('close() of operator "sum" (subtask 0) threw.');
  });
});
