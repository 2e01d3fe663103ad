import { defaultCheckpointSettings } from '../../src/checkpoint/checkpoint-settings.js';
import { CheckpointStore } from '../../src/checkpoint/checkpoint-store.js';
import { JobManager } from '../../src/job-manager/job-manager.js';
import type { JobResult } from '../../src/job-manager/job-result.js';
import type { JobSettings } from '../../src/job-manager/job-settings.js';
import { restartStrategyDefaults } from '../../src/job-manager/restart-strategy.js';
import type { LogClient } from '../../src/log/log-port.js';
import type { ThreadFate } from './fault-injector.js';
import { jobUnderTest } from './job-under-test.js';
import { ProcessFiles } from './process-files.js';
import type { Scenario } from './scenario.js';
import { SimulatedProcess } from './simulated-process.js';
import type { SimulatedRandom } from './simulated-random.js';
import { SimulatedTaskManagers } from './simulated-task-managers.js';
import type { SimulatedWorld } from './simulated-world.js';

/** Whoever starts the job again when its process has ended before its work was done. */
export class SimulatedSupervisor {
  isDone = false;
  starts = 0;
  private readonly world: SimulatedWorld;
  private readonly random: SimulatedRandom;
  private running: RunningProcess | undefined;
  private isLastStop = false;

  constructor(world: SimulatedWorld) {
    this.world = world;
    this.random = world.random.fork();
  }

  start(): void {
    this.starts += 1;
    if (this.starts > startsMax) {
      this.world.invariants.violated(`The job was started ${startsMax} times and is not done.`);
      this.isDone = true;
      return;
    }
    const { world } = this;
    const main: SimulatedProcess = new SimulatedProcess(world, `process ${this.starts}`, (error) => {
      world.invariants.violated(
        `The JobManager threw: ${error instanceof Error ? error.stack : String(error)}`,
      );
      this.kill('an error of its own');
    });
    main.onDeath(() => world.disk.crash());
    const job = jobUnderTest(world.scenario.shape, world.faults);
    const taskManagers = new SimulatedTaskManagers(world, main, job);
    let client: LogClient | undefined;
    const jobManager = new JobManager(job.buildGraph(), {
      settings: settingsOf(world.scenario),
      store: new CheckpointStore(new ProcessFiles(main, world.disk), 'the state folder'),
      launcher: taskManagers,
      clock: main,
      random: world.random.fork(),
      logger: { info: () => {}, warn: () => {}, error: (message) => this.note(message) },
      log: async () => {
        client ??= world.log.openClient(main);
        return client;
      },
      exitProcess: (reason) => main.perform(`exits: ${reason}`, () => this.kill('its own exit')),
    });
    this.running = { main, taskManagers, jobManager };
    main.run(() => {
      void jobManager.run('first-start').then((result) => {
        if (main.isAlive) this.onResult(result, main);
      });
    });
  }

  kill(why: string): void {
    if (this.running === undefined) return;
    this.note(`killed by ${why}`);
    this.running.main.kill();
    this.running = undefined;
    if (this.hasFinished()) this.isDone = true;
    else this.startSoon();
  }

  strikeThread(preferred: SimulatedProcess | undefined, slot: number, fate: ThreadFate): void {
    this.running?.taskManagers.strikeThread(preferred, slot, fate);
  }

  /** SIGTERM. */
  requestStop(): void {
    const { running } = this;
    running?.main.run(() => running.jobManager.requestStop());
  }

  /** All that is expected has come: the next orderly end is the last. */
  requestLastStop(): void {
    this.isLastStop = true;
    this.requestStop();
  }

  private onResult(result: JobResult, main: SimulatedProcess): void {
    const cause = result.failure === undefined ? '' : `: ${result.failure.message}`;
    this.note(`${result.outcome}${cause} ${result.remark ?? ''}`);
    main.kill();
    this.running = undefined;
    if (result.failure?.action === 'fail-job') {
      this.world.invariants.violated(`The job gave up${cause}`);
      this.isDone = true;
    } else if (this.hasFinished() || (result.exitCode === 0 && this.isLastStop)) {
      this.isDone = true;
    } else {
      this.startSoon();
    }
  }

  /** Its last checkpoint is there and its transactions are known to be committed: a new start would begin anew. */
  private hasFinished(): boolean {
    const { invariants } = this.world;
    const newest = invariants.newestCheckpoint();
    return newest?.isFinal === true && (invariants.ledger()?.settledThrough ?? -1) >= newest.checkpointId;
  }

  private startSoon(): void {
    this.world.afterMs(restartMsMin + this.random.next() * restartMsMax, () => this.start());
  }

  private note(what: string): void {
    this.world.trace.add(this.world.nowMs(), `process ${this.starts}`, what);
  }
}

interface RunningProcess {
  readonly main: SimulatedProcess;
  readonly taskManagers: SimulatedTaskManagers;
  readonly jobManager: JobManager;
}

function settingsOf(scenario: Scenario): JobSettings {
  return {
    parallelism: scenario.parallelism,
    maxParallelism: scenario.maxParallelism,
    checkpoints: {
      ...defaultCheckpointSettings,
      checkpointIntervalMs: scenario.checkpointIntervalMs,
      checkpointTimeoutMs: scenario.checkpointTimeoutMs,
      minPauseMs: scenario.minPauseMs,
      tolerableFailedCheckpoints: scenario.tolerableFailedCheckpoints,
      retryPauseMs: 30,
      metadataWriteTimeoutMs: 2_000,
      idReservationSize: scenario.idReservationSize,
    },
    restartStrategy: { ...restartStrategyDefaults.exponentialDelay, maxBackoffMs: 1_000 },
    liveness: { heartbeatIntervalMs: 250, heartbeatTimeoutMs: 1_500 },
  };
}

const startsMax = 40;
const restartMsMin = 10;
const restartMsMax = 300;
