import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { durableCheckpoint } from '../../src/checkpoint/durable-checkpoint.js';
import type { RecoveryDecision } from '../../src/checkpoint/recovery-decision.js';
import type { JobEffect, JobEvent } from '../../src/job-manager/job-events.js';
import {
  type Created,
  type Failed,
  type Finished,
  type JobState,
  type Running,
  transition,
} from '../../src/job-manager/job-state.js';
import { initialJobState, stepJob } from '../../src/job-manager/job-transitions.js';
import { type RestartStrategy, restartStrategyDefaults } from '../../src/job-manager/restart-strategy.js';
import type { Failure } from '../../src/protocol/failures.js';
import { checkpointId, executionAttempt } from '../../src/protocol/ids.js';
import { metadataOf } from '../checkpoint/checkpoint-fixtures.js';

const failure: Failure = { domain: 'user-code', action: 'restart', name: 'Error', message: 'it broke' };
const fatal: Failure = { ...failure, action: 'fail-job', message: 'transactions are lost' };

const startNew: RecoveryDecision = {
  kind: 'start-new',
  because: 'nothing-to-restore',
  initialCheckpointId: checkpointId(0),
  attempt: executionAttempt(1),
  lastUsedCheckpointId: checkpointId(-1),
};
const restore = (attempt: number): RecoveryDecision => ({
  kind: 'restore',
  checkpoint: durableCheckpoint(metadataOf(3)),
  attempt: executionAttempt(attempt),
  lastUsedCheckpointId: checkpointId(3),
});
const finishDecision: RecoveryDecision = {
  kind: 'finish',
  checkpoint: durableCheckpoint(metadataOf(9, { isFinal: true })),
};

class Driver {
  state: JobState = initialJobState;
  private readonly strategy: RestartStrategy;
  constructor(strategy: RestartStrategy = restartStrategyDefaults.exponentialDelay) {
    this.strategy = strategy;
  }

  send(event: JobEvent): readonly JobEffect[] {
    const step = stepJob(this.state, event, this.strategy, { monotonicMs: 0, randomFraction: 0.5 });
    this.state = step.state;
    return step.effects;
  }

  run(): this {
    this.send({ kind: 'start', run: 'first-start' });
    this.send({ kind: 'decided', decision: startNew });
    this.send({ kind: 'settled' });
    this.send({ kind: 'recorded' });
    this.send({ kind: 'deployed', attempt: executionAttempt(1) });
    expect(this.state).toMatchObject({ status: 'RUNNING', attempt: 1, step: 'executing' });
    return this;
  }

  failAndWait(cause = failure): readonly JobEffect[] {
    this.send({ kind: 'attempt-failed', attempt: executionAttempt(1), failure: cause });
    return this.send({ kind: 'threads-exited', attempt: executionAttempt(1) });
  }
}

const kinds = (effects: readonly JobEffect[]) => effects.map((effect) => effect.kind);

describe('starting', () => {
  test('each step waits for the one before: decide, settle, record, deploy, run', () => {
    const driver = new Driver();
    expect(driver.send({ kind: 'start', run: 'fresh-start' })).toEqual([
      { kind: 'decide', run: 'fresh-start' },
    ]);
    expect(driver.send({ kind: 'settled' }), 'out of turn').toEqual([]);
    expect(driver.send({ kind: 'decided', decision: startNew })).toEqual([
      { kind: 'settle', before: 'deployment' },
    ]);
    expect(driver.send({ kind: 'settled' })).toEqual([{ kind: 'record', decision: startNew }]);
    expect(driver.send({ kind: 'recorded' })).toEqual([{ kind: 'deploy', decision: startNew }]);
    expect(driver.send({ kind: 'deployed', attempt: executionAttempt(1) })).toEqual([]);
    expect(driver.state.status).toBe('RUNNING');
  });

  test('a refusal ends with exit code 1 and its sentence', () => {
    const driver = new Driver();
    driver.send({ kind: 'start', run: 'first-start' });
    const [exit] = driver.send({
      kind: 'decided',
      decision: { kind: 'refuse', reason: 'Another job’s folder.' },
    });
    expect(exit).toMatchObject({ kind: 'exit', code: 1, cause: { message: 'Another job’s folder.' } });
    expect(driver.state.status).toBe('FAILED');
  });

  test('a first start that can’t be prepared fails at once: an unreachable broker is a mistake to correct', () => {
    const driver = new Driver();
    driver.send({ kind: 'start', run: 'first-start' });
    driver.send({ kind: 'decided', decision: startNew });
    expect(driver.send({ kind: 'step-failed', failure })).toEqual([
      { kind: 'exit', code: 1, cause: failure },
    ]);
  });

  test('a failure while threads are being started ends them before anything else', () => {
    const driver = new Driver();
    driver.send({ kind: 'start', run: 'first-start' });
    driver.send({ kind: 'decided', decision: startNew });
    driver.send({ kind: 'settled' });
    driver.send({ kind: 'recorded' });
    expect(kinds(driver.send({ kind: 'step-failed', failure }))).toEqual(['end-threads']);
    expect(driver.state.status).toBe('FAILING');
  });

  test('a job that was killed between its last checkpoint and its end only settles', () => {
    const driver = new Driver();
    driver.send({ kind: 'start', run: 'first-start' });
    expect(driver.send({ kind: 'decided', decision: finishDecision })).toEqual([
      { kind: 'settle', before: 'end' },
    ]);
    expect(driver.send({ kind: 'settled' })).toEqual([{ kind: 'exit', code: 0 }]);
    expect(driver.state.status).toBe('FINISHED');
  });
});

describe('a failure', () => {
  test('ends the threads, waits for their exit, asks the strategy, waits, and prepares the next attempt', () => {
    const driver = new Driver().run();
    const failed = driver.send({ kind: 'attempt-failed', attempt: executionAttempt(1), failure });
    expect(failed).toEqual([{ kind: 'end-threads', attempt: 1, withinMs: 10_000 }]);
    expect(driver.send({ kind: 'restart-delay-elapsed' }), 'not before the threads are gone').toEqual([]);
    const exited = driver.send({ kind: 'threads-exited', attempt: executionAttempt(1) });
    expect(exited).toEqual([{ kind: 'schedule-restart', afterMs: 50 }]);
    expect(driver.state.status).toBe('RESTARTING');
    expect(driver.send({ kind: 'restart-delay-elapsed' })).toEqual([{ kind: 'decide', run: 'restart' }]);
    expect(kinds(driver.send({ kind: 'decided', decision: restore(2) }))).toEqual(['settle']);
    expect(kinds(driver.send({ kind: 'settled' }))).toEqual(['record']);
    expect(kinds(driver.send({ kind: 'recorded' }))).toEqual(['deploy']);
    driver.send({ kind: 'deployed', attempt: executionAttempt(2) });
    expect(driver.state).toMatchObject({ status: 'RUNNING', attempt: 2 });
  });

  test('of an attempt that is over is dropped', () => {
    const driver = new Driver().run();
    driver.failAndWait();
    driver.send({ kind: 'restart-delay-elapsed' });
    driver.send({ kind: 'decided', decision: restore(2) });
    driver.send({ kind: 'settled' });
    driver.send({ kind: 'recorded' });
    driver.send({ kind: 'deployed', attempt: executionAttempt(2) });
    expect(driver.send({ kind: 'attempt-failed', attempt: executionAttempt(1), failure })).toEqual([]);
    expect(driver.send({ kind: 'threads-exited', attempt: executionAttempt(1) })).toEqual([]);
    expect(driver.state.status).toBe('RUNNING');
  });

  test('that no restart cures settles what is recorded and exits with 1', () => {
    const driver = new Driver().run();
    expect(driver.failAndWait(fatal)).toEqual([{ kind: 'settle', before: 'end' }]);
    expect(driver.send({ kind: 'settled' })).toEqual([{ kind: 'exit', code: 1, cause: fatal }]);
  });

  test('that comes after another, and is worse, decides', () => {
    const driver = new Driver().run();
    driver.send({ kind: 'attempt-failed', attempt: executionAttempt(1), failure });
    driver.send({ kind: 'attempt-failed', attempt: executionAttempt(1), failure: fatal });
    expect(kinds(driver.send({ kind: 'threads-exited', attempt: executionAttempt(1) }))).toEqual(['settle']);
  });

  test('beyond the strategy’s patience is final, and says why', () => {
    const driver = new Driver({ kind: 'none' }).run();
    driver.failAndWait();
    const [exit] = driver.send({ kind: 'settled' });
    expect(exit).toMatchObject({
      code: 1,
      cause: failure,
      remark: expect.stringMatching(/not restarted.*"none"/) as string,
    });
  });

  test('of the settlement before such an end is told, and does not hide the cause', () => {
    const driver = new Driver({ kind: 'none' }).run();
    driver.failAndWait();
    const [exit] = driver.send({ kind: 'step-failed', failure: { ...failure, message: 'broker gone' } });
    expect(exit).toMatchObject({
      cause: failure,
      remark: expect.stringMatching(/broker gone.*next start commits/) as string,
    });
  });

  test('while a restart is being prepared is followed by another try, later', () => {
    const driver = new Driver().run();
    driver.failAndWait();
    driver.send({ kind: 'restart-delay-elapsed' });
    expect(driver.send({ kind: 'step-failed', failure })).toEqual([
      { kind: 'schedule-restart', afterMs: 75, notBegunBecause: failure },
    ]);
  });

  test('whose threads don’t end, ends the process', () => {
    const driver = new Driver().run();
    driver.send({ kind: 'attempt-failed', attempt: executionAttempt(1), failure });
    expect(kinds(driver.send({ kind: 'threads-stuck', attempt: executionAttempt(1) }))).toEqual([
      'exit-process',
    ]);
  });

  test('with an unknown outcome on disk ends the process from any state', () => {
    expect(kinds(new Driver().send({ kind: 'outcome-unknown', reason: 'rename failed' }))).toEqual([
      'exit-process',
    ]);
    expect(kinds(new Driver().run().send({ kind: 'outcome-unknown', reason: 'rename failed' }))).toEqual([
      'exit-process',
    ]);
  });
});

describe('the end', () => {
  test('after the last checkpoint the threads end, then it is settled, then the job is finished', () => {
    const driver = new Driver().run();
    const attempt = executionAttempt(1);
    expect(kinds(driver.send({ kind: 'last-checkpoint-durable', attempt }))).toEqual(['end-threads']);
    expect(
      driver.send({ kind: 'attempt-failed', attempt, failure }),
      'threads that are ended may fail',
    ).toEqual([]);
    expect(driver.send({ kind: 'threads-exited', attempt })).toEqual([{ kind: 'settle', before: 'end' }]);
    expect(driver.send({ kind: 'settled' })).toEqual([{ kind: 'exit', code: 0 }]);
    expect(driver.state.status).toBe('FINISHED');
  });

  test('a settlement that fails at the end is tried again by way of a restart, which finds the work done', () => {
    const driver = new Driver().run();
    const attempt = executionAttempt(1);
    driver.send({ kind: 'last-checkpoint-durable', attempt });
    driver.send({ kind: 'threads-exited', attempt });
    expect(kinds(driver.send({ kind: 'step-failed', failure }))).toEqual(['end-threads']);
    driver.send({ kind: 'threads-exited', attempt });
    driver.send({ kind: 'restart-delay-elapsed' });
    driver.send({ kind: 'decided', decision: finishDecision });
    expect(driver.send({ kind: 'settled' })).toEqual([{ kind: 'exit', code: 0 }]);
  });

  test('a stop asks for one last checkpoint, once', () => {
    const driver = new Driver().run();
    expect(kinds(driver.send({ kind: 'stop-requested' }))).toEqual(['request-stop-checkpoint']);
    expect(driver.send({ kind: 'stop-requested' })).toEqual([]);
  });

  test('a stop during the deployment asks for it as soon as the job runs', () => {
    const driver = new Driver();
    driver.send({ kind: 'start', run: 'first-start' });
    driver.send({ kind: 'decided', decision: startNew });
    driver.send({ kind: 'settled' });
    driver.send({ kind: 'recorded' });
    expect(driver.send({ kind: 'stop-requested' })).toEqual([]);
    expect(kinds(driver.send({ kind: 'deployed', attempt: executionAttempt(1) }))).toEqual([
      'request-stop-checkpoint',
    ]);
  });

  test('a stop while waiting for a restart settles and ends with 0: nothing newer than the last checkpoint exists', () => {
    const driver = new Driver().run();
    driver.failAndWait();
    expect(driver.send({ kind: 'stop-requested' })).toEqual([{ kind: 'decide', run: 'restart' }]);
    expect(driver.send({ kind: 'decided', decision: restore(2) })).toEqual([
      { kind: 'settle', before: 'end' },
    ]);
    expect(driver.send({ kind: 'settled' })).toEqual([{ kind: 'exit', code: 0 }]);
    expect(driver.state.status).toBe('CANCELED');
  });

  test('a failure during a stop is not restarted, and says so', () => {
    const driver = new Driver().run();
    driver.send({ kind: 'stop-requested' });
    expect(kinds(driver.failAndWait())).toEqual(['settle']);
    expect(driver.send({ kind: 'settled' })[0]).toMatchObject({
      code: 1,
      remark: expect.stringMatching(/while it was being stopped/) as string,
    });
  });

  test('a cancellation ends the threads and exits with 1, from a running job or from a failing one', () => {
    const running = new Driver().run();
    expect(kinds(running.send({ kind: 'cancel-requested' }))).toEqual(['end-threads']);
    const failing = new Driver().run();
    failing.send({ kind: 'attempt-failed', attempt: executionAttempt(1), failure });
    expect(failing.send({ kind: 'cancel-requested' })).toEqual([]);
    for (const driver of [running, failing]) {
      const [exit] = driver.send({ kind: 'threads-exited', attempt: executionAttempt(1) });
      expect(exit).toMatchObject({
        kind: 'exit',
        code: 1,
        remark: expect.stringMatching(/without a last checkpoint/) as string,
      });
      expect(driver.state.status).toBe('CANCELED');
    }
  });
});

test('illegal transitions don’t compile', () => {
  const created: Created = initialJobState;
  const finished: Finished = { status: 'FINISHED' };
  const failed: Failed = { status: 'FAILED', cause: failure };
  const running = new Driver().run().state as Running;
  // @ts-expect-error A finished job stays finished.
  transition<'FINISHED'>(finished, failed);
  // @ts-expect-error A running job does not fail before its threads have ended.
  transition<'RUNNING'>(running, failed);
  // @ts-expect-error A failing job never just runs again.
  transition<'FAILING'>({ ...running, status: 'FAILING', cause: failure, step: 'settling' }, running);
  // @ts-expect-error Legal from CREATED, but not from RUNNING as well.
  transition<'CREATED' | 'RUNNING'>(created, failed);
  expect(transition<'CREATED'>(created, failed).status).toBe('FAILED');
});

/** A job whose threads, disk and log answer at the adversary's choice, and the checks of what it asks for. */
class World {
  private readonly driver = new Driver();
  private lastAttempt = 0;
  private isAlive = false;
  private hasExited = false;

  constructor() {
    this.check(this.driver.send({ kind: 'start', run: 'first-start' }));
  }

  get status(): JobState['status'] {
    return this.driver.state.status;
  }

  act(kind: AdversaryEvent, attemptsBack: number): void {
    const attempt = executionAttempt(this.lastAttempt - attemptsBack);
    switch (kind) {
      case 'decided':
        if (this.isDeciding()) this.lastAttempt += 1;
        this.check(this.driver.send({ kind, decision: restore(this.lastAttempt) }));
        return;
      case 'threads-exited':
        // Threads end only when that was asked for; all else may come at any time.
        if (attemptsBack === 0 && this.isEndingThreads()) this.isAlive = false;
        else if (attemptsBack === 0) return;
        this.check(this.driver.send({ kind, attempt }));
        return;
      case 'deployed':
      case 'last-checkpoint-durable':
        this.check(this.driver.send({ kind, attempt }));
        return;
      case 'attempt-failed':
        this.check(this.driver.send({ kind, attempt, failure }));
        return;
      case 'step-failed':
        this.check(this.driver.send({ kind, failure }));
        return;
      case 'settled':
      case 'recorded':
      case 'restart-delay-elapsed':
      case 'stop-requested':
      case 'cancel-requested':
        this.check(this.driver.send({ kind }));
        return;
    }
  }

  private isDeciding(): boolean {
    const { state } = this.driver;
    return (state.status === 'CREATED' || state.status === 'RESTARTING') && state.step.kind === 'deciding';
  }

  private isEndingThreads(): boolean {
    const { state } = this.driver;
    if (state.status === 'RUNNING' || state.status === 'FAILING') return state.step === 'ending-threads';
    return state.status === 'CANCELLING';
  }

  private check(effects: readonly JobEffect[]): void {
    for (const effect of effects) {
      expect(this.hasExited, 'nothing after the exit').toBe(false);
      switch (effect.kind) {
        case 'deploy':
          expect(this.isAlive, 'one attempt at a time').toBe(false);
          this.isAlive = true;
          break;
        case 'exit':
          this.hasExited = true;
          expect(this.isAlive, 'exit while threads live').toBe(false);
          break;
        case 'decide':
        case 'settle':
        case 'record':
          expect(this.isAlive, `${effect.kind} while threads live`).toBe(false);
          break;
        case 'end-threads':
        case 'schedule-restart':
        case 'request-stop-checkpoint':
        case 'exit-process':
          break;
      }
    }
  }
}

type AdversaryEvent = Exclude<JobEvent['kind'], 'start' | 'threads-stuck' | 'outcome-unknown'>;

test('whatever happens in whatever order: one attempt at a time, and no step of recovery while threads live', () => {
  const often = [
    'decided',
    'settled',
    'recorded',
    'deployed',
    'threads-exited',
    'restart-delay-elapsed',
  ] as const;
  const seldom = [
    'attempt-failed',
    'step-failed',
    'last-checkpoint-durable',
    'stop-requested',
    'cancel-requested',
  ] as const;
  const kind = fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom<AdversaryEvent>(...often) },
    { weight: 1, arbitrary: fc.constantFrom<AdversaryEvent>(...seldom) },
  );
  const events = fc.array(fc.tuple(kind, fc.constantFrom(0, 0, 0, 1)), {
    minLength: 5,
    maxLength: 150,
    size: 'max',
  });
  const seen = new Set<string>();
  fc.assert(
    fc.property(events, (sequence) => {
      const world = new World();
      for (const [next, attemptsBack] of sequence) {
        world.act(next, attemptsBack);
        seen.add(world.status);
      }
    }),
    { numRuns: 400 },
  );
  expect([...seen].sort(), 'every status was reached').toEqual([
    'CANCELED',
    'CANCELLING',
    'CREATED',
    'FAILED',
    'FAILING',
    'FINISHED',
    'RESTARTING',
    'RUNNING',
  ]);
});
