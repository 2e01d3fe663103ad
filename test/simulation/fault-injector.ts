import { type Failure, toFailure } from '../../src/protocol/failures.js';
import type { FaultPlan, Strike, StrikeKind, StrikeMoment } from './fault-plan.js';
import type { UserCode } from './job-under-test.js';
import type { SimulatedProcess } from './simulated-process.js';

/** Carries out a fault plan while the world runs. */
export class FaultInjector implements UserCode {
  /** How often each kind of strike was carried out. */
  readonly struck = new Map<StrikeKind['kind'], number>();
  private readonly plan: FaultPlan;
  private readonly target: FaultTarget;
  private nextStrike = 0;
  private armed: ArmedStrike | undefined;
  private userCodeThrows = false;
  private hasEnded = false;

  constructor(plan: FaultPlan, target: FaultTarget) {
    this.plan = plan;
    this.target = target;
    this.arm();
  }

  /** Once healed, nothing fails any more. */
  get isHealed(): boolean {
    return this.hasEnded || this.target.nowMs() >= this.plan.healedAtMs;
  }

  /** The job is done; what comes now only looks at what it left. */
  heal(): void {
    this.hasEnded = true;
  }

  /** Called just before each effect; may kill the process that is about to have it. */
  beforeEffect(process: SimulatedProcess, what: string): void {
    const { armed } = this;
    if (armed === undefined || this.isHealed || !isDue(armed, what)) return;
    this.strike(armed.strike, process);
  }

  onCall(): void {
    if (!this.userCodeThrows) return;
    this.userCodeThrows = false;
    throw new Error('Injected failure of user code.');
  }

  delay(ms: number): Promise<void> {
    return new Promise((resolve) => this.target.afterMs(ms, resolve));
  }

  private arm(): void {
    const strike = this.plan.strikes[this.nextStrike++];
    this.armed = strike === undefined ? undefined : { strike, seen: 0, countdown: countdownOf(strike.when) };
    if (strike?.when.kind === 'time') {
      this.target.afterMs(strike.when.afterMs, () => {
        if (!this.isHealed && this.armed?.strike === strike) this.strike(strike, undefined);
      });
    }
  }

  private strike({ what }: Strike, process: SimulatedProcess | undefined): void {
    this.arm();
    this.struck.set(what.kind, (this.struck.get(what.kind) ?? 0) + 1);
    switch (what.kind) {
      case 'kill-process':
        this.target.killProcess();
        return;
      case 'crash-thread': {
        const failure = toFailure(new Error('Injected end of a thread.'), 'internal');
        this.target.strikeThread(process, what.slot, { kind: 'crash', failure });
        return;
      }
      case 'lose-thread':
        this.target.strikeThread(process, what.slot, { kind: 'silence' });
        return;
      case 'stick-thread':
        this.target.strikeThread(process, what.slot, { kind: 'stuck' });
        return;
      case 'throw':
        this.userCodeThrows = true;
        return;
      case 'stop':
        this.target.stopAndGoOn();
        return;
    }
  }
}

/** What a strike can hit. */
export interface FaultTarget {
  nowMs(): number;
  afterMs(delayMs: number, action: () => void): void;
  killProcess(): void;
  strikeThread(preferred: SimulatedProcess | undefined, slot: number, fate: ThreadFate): void;
  stopAndGoOn(): void;
}

/** Silence: nothing of it is heard any more, and nobody is told. Stuck: it can't be ended either. */
export type ThreadFate =
  | { readonly kind: 'crash'; readonly failure: Failure }
  | { readonly kind: 'silence' }
  | { readonly kind: 'stuck' };

interface ArmedStrike {
  readonly strike: Strike;
  seen: number;
  countdown: number;
}

function countdownOf(when: StrikeMoment): number {
  switch (when.kind) {
    case 'time':
      return Number.POSITIVE_INFINITY;
    case 'effect':
      return when.countdown;
    case 'phase':
      return when.effectsLater + 1;
  }
}

function isDue(armed: ArmedStrike, what: string): boolean {
  const { when } = armed.strike;
  switch (when.kind) {
    case 'time':
      return false;
    case 'effect':
      armed.countdown -= 1;
      return armed.countdown <= 0;
    case 'phase':
      if (armed.seen < when.occurrence && when.pattern.test(what)) armed.seen += 1;
      if (armed.seen < when.occurrence) return false;
      armed.countdown -= 1;
      return armed.countdown <= 0;
  }
}
