import { FaultInjector, type FaultTarget, type ThreadFate } from './fault-injector.js';
import { Invariants } from './invariants.js';
import type { Scenario } from './scenario.js';
import { SimulatedClock } from './simulated-clock.js';
import { type DiskFault, SimulatedDisk } from './simulated-files.js';
import { SimulatedLog } from './simulated-log.js';
import type { SimulatedProcess } from './simulated-process.js';
import { SimulatedRandom } from './simulated-random.js';
import { SimulatedSlotStorage } from './simulated-slot-storage.js';
import { SimulatedSupervisor } from './simulated-supervisor.js';
import { SimulationTrace } from './simulation-trace.js';

/**
 * All there is in one run: virtual time, the disks and the log that outlive processes, and the processes.
 * Everything happens by the one clock, and every draw comes from the one seed.
 */
export class SimulatedWorld implements FaultTarget {
  readonly scenario: Scenario;
  readonly random: SimulatedRandom;
  readonly clock: SimulatedClock;
  readonly trace: SimulationTrace;
  /** The JobManager's: checkpoints and attempts. */
  readonly disk: SimulatedDisk;
  readonly slots: readonly SimulatedSlotStorage[];
  readonly faults: FaultInjector;
  readonly invariants: Invariants;
  readonly log: SimulatedLog;
  readonly supervisor: SimulatedSupervisor;

  constructor(scenario: Scenario, traceLinesKept: number) {
    this.scenario = scenario;
    this.random = new SimulatedRandom(scenario.seed ^ worldSalt);
    this.clock = new SimulatedClock(this.random.fork());
    this.trace = new SimulationTrace(traceLinesKept);
    this.disk = this.createDisk();
    this.slots = Array.from({ length: scenario.parallelism }, () => new SimulatedSlotStorage(this));
    this.faults = new FaultInjector(scenario.faults, this);
    this.invariants = new Invariants(this);
    this.log = new SimulatedLog(this);
    this.supervisor = new SimulatedSupervisor(this);
  }

  createDisk(): SimulatedDisk {
    const random = this.random.fork();
    const disk = new SimulatedDisk(random.fork());
    disk.faults = () => this.drawDiskFault(random);
    return disk;
  }

  nowMs(): number {
    return this.clock.monotonicMs();
  }

  afterMs(delayMs: number, action: () => void): void {
    this.clock.setTimer(delayMs, action);
  }

  killProcess(): void {
    this.supervisor.kill('a strike');
  }

  strikeThread(preferred: SimulatedProcess | undefined, slot: number, fate: ThreadFate): void {
    this.supervisor.strikeThread(preferred, slot, fate);
  }

  stopAndGoOn(): void {
    this.supervisor.requestStop();
  }

  private drawDiskFault(random: SimulatedRandom): DiskFault {
    const { disk } = this.scenario.faults;
    const draw = random.next();
    const isSlow = random.chance(disk.slowness);
    const delayMs = random.next() * (isSlow ? disk.slowMsMax : fastWriteMsMax);
    if (this.faults.isHealed) return { kind: 'succeed', delayMs: random.next() * fastWriteMsMax };
    if (draw < disk.unknownOutcome) return { kind: 'fail-unknown', delayMs };
    return { kind: draw < disk.unknownOutcome + disk.failure ? 'fail-before' : 'succeed', delayMs };
  }
}

/** So that the world's draws differ from the scenario's. */
const worldSalt = 0x5eed;
const fastWriteMsMax = 6;
