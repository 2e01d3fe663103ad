import { MillraceError } from '../protocol/failures.js';
import type { StateName } from './keyed-state-backend.js';

/**
 * The numbers that states have in keys. Invariant: a name keeps its number for as long as the store lives,
 * and no number is given twice, also not that of a state which the job no longer uses.
 */
export class StateNames {
  private readonly names: StateName[];
  private readonly operator: string;

  constructor(restored: readonly StateName[], operator: string) {
    this.names = [...restored];
    this.operator = operator;
  }

  /** @throws MillraceError when the name is known as another kind, or as one with or without TTL. Timer queues have names of their own. */
  resolve(name: string, kind: StateName['kind'], hasTtl = false): StateName {
    const isTimers = kind === 'timers';
    const known = this.names.find((other) => other.name === name && (other.kind === 'timers') === isTimers);
    if (known === undefined) return this.add(name, kind, hasTtl);
    if (known.kind === kind && (known.hasTtl === true) === hasTtl) return known;
    if (known.kind === kind) throw this.changedTtl(name, hasTtl);
    throw new MillraceError(
      `State "${name}" of operator "${this.operator}" is asked for as ${kind} state, but it is (or was before the restart) ${known.kind} state. Give one of them another name.`,
      { domain: 'user-code', action: 'fail-job' },
    );
  }

  all(): readonly StateName[] {
    return [...this.names];
  }

  private changedTtl(name: string, hasTtl: boolean): MillraceError {
    const [now, before] = hasTtl ? ['with', 'without'] : ['without', 'with'];
    return new MillraceError(
      `State "${name}" of operator "${this.operator}" is asked for ${now} a ttl, but it is (or was before the restart) ${before} one: what it holds tells no time to go by, or tells one that would be taken for the value. Leave that as it was, or give the state another name and fill it anew.`,
      { domain: 'user-code', action: 'fail-job' },
    );
  }

  private add(name: string, kind: StateName['kind'], hasTtl: boolean): StateName {
    const id = this.names.reduce((max, other) => Math.max(max, other.id + 1), 0);
    if (id > stateIdMax) {
      throw new MillraceError(`Operator "${this.operator}" has more than ${stateIdMax} states.`, {
        domain: 'user-code',
        action: 'fail-job',
      });
    }
    const added: StateName = hasTtl ? { name, id, kind, hasTtl } : { name, id, kind };
    this.names.push(added);
    return added;
  }
}

/** Ids are 16 bits in keys; 0xffff would leave a key group's last range without an end. */
const stateIdMax = 0xfffe;
