import { describe, expect, it } from 'vitest';
import { CheckpointStore } from '../../src/checkpoint/checkpoint-store.js';
import type { StreamGraph } from '../../src/graph/stream-graph.js';
import { describeJob } from '../../src/job-manager/job-description.js';
import { JobManager } from '../../src/job-manager/job-manager.js';
import type { JobResult } from '../../src/job-manager/job-result.js';
import type { JobSettings } from '../../src/job-manager/job-settings.js';
import type { LogClient } from '../../src/log/log-port.js';
import { checkpointId, executionAttempt, operatorUid, slotIndex } from '../../src/protocol/ids.js';
import { collectSink } from '../../src/sinks/collect-sink.js';
import { sequenceSource } from '../../src/sources/sequence-source.js';
import { SimulatedClock } from '../simulation/simulated-clock.js';
import { SimulatedDisk } from '../simulation/simulated-files.js';
import { SimulatedRandom } from '../simulation/simulated-random.js';
import {
  CollectingLogger,
  graphOf,
  metricsOf,
  spreadGraph,
  spreadJob,
  testSettings,
} from './job-manager-fixtures.js';
import { type ScriptedAttempt, ScriptedTaskManagers } from './scripted-task-managers.js';

const [slot0, slot1] = [slotIndex(0), slotIndex(1)];

/** A JobManager on a simulated disk, with TaskManagers that do as they should. */
class JobFixture {
  readonly random = new SimulatedRandom(1);
  readonly clock = new SimulatedClock(this.random);
  readonly disk: SimulatedDisk;
  readonly threads: ScriptedTaskManagers;
  readonly logger = new CollectingLogger();
  readonly exits: string[] = [];
  readonly jobManager: JobManager;
  result: JobResult | undefined;

  constructor(
    settings: Partial<JobSettings> = {},
    disk?: SimulatedDisk,
    log?: () => Promise<LogClient>,
    graph: () => StreamGraph = spreadGraph,
  ) {
    this.disk = disk ?? new SimulatedDisk(this.random);
    const all = { ...testSettings, ...settings };
    this.threads = new ScriptedTaskManagers(describeJob(graph(), all), this.clock);
    this.jobManager = new JobManager(graph(), {
      settings: all,
      store: new CheckpointStore(this.disk.open(this.clock), 'state'),
      launcher: this.threads,
      clock: this.clock,
      random: this.random,
      logger: this.logger,
      log: log ?? (() => Promise.reject(new Error('This job has no log.'))),
      exitProcess: (reason) => this.exits.push(reason),
    });
  }

  run(kind: 'first-start' | 'fresh-start' = 'first-start'): void {
    void this.jobManager.run(kind).then((result) => {
      this.result = result;
    });
  }

  /** Runs until attempt `attempt` takes checkpoints. */
  async untilRunning(attempt = 1): Promise<ScriptedAttempt> {
    await this.until(() => this.jobManager.status === 'RUNNING' && this.threads.current.attempt === attempt);
    return this.threads.current;
  }

  async untilEnd(): Promise<JobResult> {
    await this.until(() => this.result !== undefined);
    return this.result!;
  }

  until(done: () => boolean): Promise<void> {
    return this.clock.runUntil(done, this.clock.monotonicMs() + 100_000);
  }
}

async function runToEnd(fixture: JobFixture): Promise<JobResult> {
  fixture.run();
  (await fixture.untilRunning()).finishInput();
  return fixture.untilEnd();
}

describe('A JobManager', () => {
  it('runs a job from its deployment over checkpoints to its last one, closes it, and is done', async () => {
    const fixture = new JobFixture();
    fixture.run();
    const attempt = await fixture.untilRunning();
    expect(attempt.deployments.get(slot1)?.splits).toMatchObject([
      { operatorUid: 'numbers', splits: [{ index: 1 }, { index: 3 }, { index: 5 }, { index: 7 }] },
    ]);
    await fixture.clock.advance(250);
    expect(attempt.told).toEqual([
      'deploy',
      'trigger-checkpoint 1',
      'checkpoint-complete 1',
      'trigger-checkpoint 2',
      'checkpoint-complete 2',
    ]);
    attempt.finishInput();
    expect(await fixture.untilEnd()).toMatchObject({ exitCode: 0, outcome: 'finished' });
    expect(attempt.told.slice(5)).toEqual(['trigger-checkpoint 3', 'checkpoint-complete 3', 'shut-down']);
    expect(attempt.isTerminated).toBe(true);
    expect(fixture.jobManager.status).toBe('FINISHED');
    expect(fixture.threads.prepared).toBe(0);
    expect(fixture.exits).toEqual([]);
  });

  it('leaves nothing behind that keeps its process alive', async () => {
    const fixture = new JobFixture();
    await runToEnd(fixture);
    const steps = [];
    while (await fixture.clock.step()) steps.push(fixture.clock.monotonicMs());
    expect(steps.length).toBeLessThan(10);
  });

  it('is not kept by a broker that does not answer to the offsets of its last checkpoint', async () => {
    const source = Object.assign(sequenceSource(1, 100), {
      onCheckpointComplete: () => new Promise<never>(() => {}),
    });
    const graph = (): StreamGraph =>
      graphOf((env) =>
        env.fromSource(source, { uid: 'numbers' }).rebalance().sinkTo(collectSink(), { uid: 'out' }),
      );
    const fixture = new JobFixture({}, undefined, undefined, graph);
    fixture.run();
    (await fixture.untilRunning()).finishInput();
    const sinceMs = fixture.clock.monotonicMs();
    expect(await fixture.untilEnd()).toMatchObject({ exitCode: 0, outcome: 'finished' });
    expect(fixture.clock.monotonicMs() - sinceMs).toBeLessThan(6_000);
  });

  it('ends threads that don’t close in time, and names them', async () => {
    const fixture = new JobFixture();
    fixture.threads.behaviour.shutsDown = false;
    expect(await runToEnd(fixture)).toMatchObject({ exitCode: 0, outcome: 'finished' });
    expect(fixture.threads.current.isTerminated).toBe(true);
    expect(fixture.logger.lines.join('\n')).toMatch(/TaskManager 0, 1 did not close within 5000 ms/);
  });

  it('finishes although a function can’t be closed, and tells of it', async () => {
    const fixture = new JobFixture();
    fixture.threads.behaviour.shutsDown = false;
    fixture.run();
    const attempt = await fixture.untilRunning();
    attempt.finishInput();
    await fixture.until(() => attempt.told.at(-1) === 'shut-down');
    const since = fixture.clock.monotonicMs();
    attempt.fail(slot0, 'close() threw');
    attempt.exit(slot1, 'process.exit in close()');
    expect(await fixture.untilEnd()).toMatchObject({ exitCode: 0, outcome: 'finished' });
    expect(fixture.clock.monotonicMs() - since).toBeLessThan(1_000);
    expect(fixture.logger.lines.join('\n')).toContain('close() threw');
  });

  it('gives what sinks reported with the checkpoints that hold it, over a restart', async () => {
    const fixture = new JobFixture();
    fixture.run();
    const report = (attempt: ScriptedAttempt, id: number, value: string): void =>
      attempt.say(slot0, {
        kind: 'report',
        attempt: attempt.attempt,
        checkpointId: checkpointId(id),
        operatorUid: operatorUid('out'),
        value,
      });
    const first = await fixture.untilRunning();
    await fixture.until(() => first.told.includes('trigger-checkpoint 1'));
    report(first, 1, 'a');
    await fixture.until(() => first.told.includes('checkpoint-complete 1'));
    report(first, 2, 'not in a checkpoint');
    first.fail(slot0, 'on purpose');
    const second = await fixture.untilRunning(2);
    await fixture.until(() => second.told.some((each) => each.startsWith('trigger')));
    report(second, 2, 'b');
    second.finishInput();
    const { collected } = await fixture.untilEnd();
    expect(collected.get(operatorUid('out'))).toEqual(['a', 'b']);
  });
});

describe('A JobManager whose attempt fails', () => {
  it('ends every thread before it goes on from the last checkpoint, in a new attempt', async () => {
    const fixture = new JobFixture();
    fixture.run();
    const first = await fixture.untilRunning();
    await fixture.until(() => first.told.includes('checkpoint-complete 2'));
    first.fail(slot1, 'on purpose');
    expect(fixture.jobManager.status).toBe('FAILING');
    expect(fixture.threads.attempts).toHaveLength(1);
    const second = await fixture.untilRunning(2);
    expect(first.isTerminated).toBe(true);
    expect(first.told).not.toContain('shut-down');
    expect(fixture.logger.lines).toContain('info Attempt 2 begins from checkpoint 2 with parallelism 2.');
    expect(second.told).toEqual(['deploy']);
    await fixture.clock.advance(150);
    expect(second.told).toContain('checkpoint-complete 3');
    expect(fixture.jobManager.jobMetrics.totals().numRestarts).toBe(1);
  });

  it('hears nothing more of it: a late acknowledgement completes no checkpoint', async () => {
    const fixture = new JobFixture();
    fixture.run();
    const first = await fixture.untilRunning();
    first.behaviour.acknowledges = false;
    await fixture.until(() => first.told.includes('trigger-checkpoint 1'));
    first.fail(slot0, 'on purpose');
    for (const slot of [slot0, slot1]) first.acknowledge(slot, checkpointId(1));
    const second = await fixture.untilRunning(2);
    for (const slot of [slot0, slot1]) first.acknowledge(slot, checkpointId(2));
    expect(fixture.logger.lines).toContain('info Attempt 2 begins from checkpoint 0 with parallelism 2.');
    expect(second.told).toEqual(['deploy']);
  });

  it('tells how soon work goes on after the failure', async () => {
    const fixture = new JobFixture();
    fixture.run();
    const first = await fixture.untilRunning();
    first.fail(slot0, 'on purpose');
    const failedAtMs = fixture.clock.epochMs();
    const second = await fixture.untilRunning(2);
    const { attempt } = second;
    second.say(slot1, {
      kind: 'first-record-processed',
      attempt,
      slot: slot1,
      atEpochMs: failedAtMs + 123,
    });
    second.say(slot0, {
      kind: 'first-record-processed',
      attempt,
      slot: slot0,
      atEpochMs: failedAtMs + 200,
    });
    expect(fixture.logger.lines.filter((line) => line.includes('first record'))).toEqual([
      'info Attempt 2 processed its first record 123 ms after the failure.',
    ]);
  });

  it('because a thread exits, names the slot and what ended it', async () => {
    const fixture = new JobFixture();
    fixture.run();
    (await fixture.untilRunning()).exit(slot1, 'worker exited with code: 3');
    await fixture.untilRunning(2);
    expect(fixture.logger.lines.join('\n')).toMatch(
      /error Attempt 1 failed: TaskManager 1 ended unexpectedly.*\n {2}caused by: worker exited with code: 3/,
    );
  });

  it('because a TaskManager is silent, restarts once the heartbeat time-out is over', async () => {
    const fixture = new JobFixture();
    fixture.run();
    const first = await fixture.untilRunning();
    delete first.behaviour.heartbeatMs;
    first.behaviour.acknowledges = false;
    const silentSince = fixture.clock.monotonicMs();
    await fixture.untilRunning(2);
    expect(fixture.clock.monotonicMs() - silentSince).toBeLessThan(1_000 + 300);
    expect(fixture.logger.lines.join('\n')).toMatch(/TaskManager 0 has given no sign of life for 1\d\d\d ms/);
  });

  it('because the threads can’t even be launched, tries again', async () => {
    const fixture = new JobFixture();
    fixture.threads.launchError = new Error('no more threads');
    fixture.run();
    await fixture.untilRunning(2);
    expect(fixture.threads.attempts.map((each) => each.attempt)).toEqual([2]);
  });

  it('fails the job when no restart can cure it: a job module that builds another graph', async () => {
    const fixture = new JobFixture();
    fixture.threads.behaviour.graphDescription = `${spreadJob().graphText}\n9 map`;
    fixture.run();
    const result = await fixture.untilEnd();
    expect(result).toMatchObject({ exitCode: 1, outcome: 'failed' });
    expect(result.failure?.message).toBe(
      'The job module builds a different graph each time: one has 1 more operators than the other. Build it from constants alone, not from a clock, random numbers or what differs between threads.',
    );
    expect(fixture.threads.attempts).toHaveLength(1);
    expect(fixture.threads.current.deployments.size).toBe(0);
    expect(fixture.threads.current.isTerminated).toBe(true);
  });

  it('fails the job when the restart strategy says so', async () => {
    const fixture = new JobFixture({ restartStrategy: { kind: 'none' } });
    fixture.run();
    (await fixture.untilRunning()).fail(slot0, 'on purpose');
    const result = await fixture.untilEnd();
    expect(result).toMatchObject({ exitCode: 1, outcome: 'failed', failure: { message: 'on purpose' } });
    expect(result.remark).toBe('The job is not restarted: the restart strategy is "none".');
  });

  it('ends the process when a thread does not end: it could still write', async () => {
    const fixture = new JobFixture();
    fixture.run();
    fixture.threads.areStuck = true;
    (await fixture.untilRunning()).fail(slot0, 'on purpose');
    await fixture.until(() => fixture.exits.length > 0);
    expect(fixture.exits[0]).toMatch(/A TaskManager thread did not end within 10000 ms/);
    expect(fixture.threads.attempts).toHaveLength(1);
  });
});

describe('A JobManager that is asked to stop', () => {
  it('takes one last checkpoint, from which the next start goes on', async () => {
    const fixture = new JobFixture();
    fixture.run();
    const attempt = await fixture.untilRunning();
    fixture.jobManager.requestStop();
    expect(await fixture.untilEnd()).toMatchObject({ exitCode: 0, outcome: 'stopped' });
    expect(attempt.told).toEqual(['deploy', 'trigger-checkpoint 1', 'checkpoint-complete 1', 'shut-down']);

    const next = new JobFixture({}, fixture.disk);
    next.run();
    await next.untilRunning(2);
    expect(next.logger.lines).toContain('info Attempt 2 begins from checkpoint 1 with parallelism 2.');
  });

  it('has finished, not stopped, when all input had ended by then', async () => {
    const fixture = new JobFixture();
    fixture.run();
    const attempt = await fixture.untilRunning();
    attempt.finishInput();
    fixture.jobManager.requestStop();
    expect(await fixture.untilEnd()).toMatchObject({ exitCode: 0, outcome: 'finished' });
  });

  it('before it was started, or while it begins, ends without a thread', async () => {
    const unstarted = new JobFixture();
    unstarted.jobManager.requestStop();
    unstarted.run();
    expect(await unstarted.untilEnd()).toMatchObject({ exitCode: 0, outcome: 'stopped' });

    const beginning = new JobFixture();
    beginning.run();
    beginning.jobManager.requestStop();
    expect(await beginning.untilEnd()).toMatchObject({ exitCode: 0, outcome: 'stopped' });
    expect(beginning.threads.attempts).toEqual([]);
  });
});

describe('A JobManager that is cancelled', () => {
  it('ends its threads and is done, without a last checkpoint', async () => {
    const fixture = new JobFixture();
    fixture.run();
    const attempt = await fixture.untilRunning();
    fixture.jobManager.cancel();
    expect(await fixture.untilEnd()).toMatchObject({ exitCode: 1, outcome: 'failed' });
    expect(attempt.isTerminated).toBe(true);
    expect(attempt.told).toEqual(['deploy']);
  });

  it('in the midst of recovery waits for the step under way: nothing is written behind its end', async () => {
    const fixture = new JobFixture();
    fixture.disk.faults = () => ({ kind: 'succeed', delayMs: 1_000 });
    fixture.run();
    // The attempt is being recorded; its checkpoint 0 would be written next.
    await fixture.clock.advance(200);
    fixture.jobManager.cancel();
    await fixture.untilEnd();
    const filesAtEnd = [...fixture.disk.list('checkpoints'), fixture.disk.read('attempts.json')?.length];
    await fixture.clock.advance(60_000);
    expect([...fixture.disk.list('checkpoints'), fixture.disk.read('attempts.json')?.length]).toEqual(
      filesAtEnd,
    );
  });
});

describe('A JobManager’s checkpoints', () => {
  it('are at 0 before the first TaskManager may read', async () => {
    const fixture = new JobFixture();
    fixture.run();
    await fixture.until(() => fixture.threads.attempts.length === 1);
    expect(fixture.disk.list('checkpoints')).toEqual(['chk-0.json']);
  });

  it('that become durable when their attempt has failed are gone on from, with what they hold', async () => {
    const fixture = new JobFixture();
    fixture.run();
    const first = await fixture.untilRunning();
    fixture.disk.faults = () => ({ kind: 'succeed', delayMs: 40 });
    await fixture.until(() => first.told.includes('trigger-checkpoint 1'));
    first.say(slot0, {
      kind: 'report',
      attempt: executionAttempt(1),
      checkpointId: checkpointId(1),
      operatorUid: operatorUid('out'),
      value: 'held',
    });
    // All acknowledged, and the metadata is being written.
    await fixture.clock.advance(5);
    first.fail(slot0, 'on purpose');
    const second = await fixture.untilRunning(2);
    expect(fixture.logger.lines).toContain('info Attempt 2 begins from checkpoint 1 with parallelism 2.');
    second.finishInput();
    expect((await fixture.untilEnd()).collected.get(operatorUid('out'))).toEqual(['held']);
  });

  it('whose write has an unknown outcome end the process', async () => {
    const fixture = new JobFixture();
    fixture.run();
    await fixture.untilRunning();
    fixture.disk.faults = (path) => ({
      kind: path.includes('chk-1') ? 'fail-unknown' : 'succeed',
      delayMs: 1,
    });
    await fixture.until(() => fixture.exits.length > 0);
    expect(fixture.exits[0]).toContain('Injected failure');
  });

  it('use each id once, also after a kill', async () => {
    const fixture = new JobFixture();
    fixture.run();
    const attempt = await fixture.untilRunning();
    await fixture.until(() => attempt.told.includes('trigger-checkpoint 3'));
    // Killed: the ids that were reserved may have been used.
    const next = new JobFixture({}, fixture.disk);
    next.run();
    const second = await next.untilRunning(2);
    await next.until(() => second.told.length > 1);
    expect(second.told[1]).toBe('trigger-checkpoint 101');
  });

  it('count on in small steps after an orderly end', async () => {
    const fixture = new JobFixture();
    fixture.run();
    await fixture.untilRunning();
    fixture.jobManager.requestStop();
    await fixture.untilEnd();
    const next = new JobFixture({}, fixture.disk);
    next.run();
    const second = await next.untilRunning(2);
    await next.until(() => second.told.length > 1);
    expect(second.told[1]).toBe('trigger-checkpoint 2');
  });
});

it('The totals of all attempts are in the result, and the metrics of the last', async () => {
  const fixture = new JobFixture();
  fixture.run();
  const job = spreadJob();
  const report = (attempt: ScriptedAttempt, numRecordsIn: number): void =>
    attempt.say(slot0, {
      kind: 'metrics',
      attempt: attempt.attempt,
      slot: slot0,
      subtasks: job.jobGraph.vertices.map((vertex) => metricsOf(vertex.id, slot0, { numRecordsIn })),
    });
  const first = await fixture.untilRunning();
  report(first, 10);
  first.fail(slot0, 'on purpose');
  const second = await fixture.untilRunning(2);
  report(second, 7);
  second.finishInput();
  const { totals, metrics } = await fixture.untilEnd();
  expect(totals).toMatchObject({ recordsIn: 17, recordsOut: 17, numRestarts: 1 });
  const read = metrics.filter(({ name, scope }) => name === 'numRecordsIn' && scope.kind === 'operator');
  expect(read).toMatchObject([
    { kind: 'counter', scope: { operatorUid: 'numbers', subtaskIndex: 0 }, value: 7 },
  ]);
  expect(metrics).toContainEqual({ name: 'numRestarts', kind: 'counter', scope: { kind: 'job' }, value: 1 });
});
