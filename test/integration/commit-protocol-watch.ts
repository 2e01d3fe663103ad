import type { PreparedTransaction } from '../../src/log/log-transactions.js';
import { recordedTransactions } from './kafka-demo.js';
import type { ProxiedRequest } from './kafka-frames.js';

/**
 * Holds every request of a job against what is durable in its state folder at that moment:
 * - nothing is committed that durable metadata does not name;
 * - an id that the newest metadata names is neither initialised nor written to.
 *
 * A request is judged before the broker has it. So whatever it is the consequence of was durable earlier,
 * and nothing that depends on its answer can be durable yet: looking at the folder now can't accuse wrongly.
 */
export class CommitProtocolWatch {
  readonly violations: string[] = [];
  /** How often each rule was put to the test. */
  readonly checked = { commits: 0, initialisations: 0, appends: 0 };
  private readonly stateFolder: string;

  constructor(stateFolder: string) {
    this.stateFolder = stateFolder;
  }

  judge({ api, transactionalId, commits }: ProxiedRequest): void {
    switch (api) {
      case 'EndTxn':
        if (commits !== undefined) this.judgeCommit(commits);
        return;
      case 'InitProducerId':
        this.checked.initialisations += 1;
        this.judgeUse('initialised', transactionalId);
        return;
      case 'AddPartitionsToTxn':
      case 'Produce':
        this.checked.appends += 1;
        this.judgeUse('written to', transactionalId);
        return;
      default:
        return;
    }
  }

  private judgeCommit(commits: PreparedTransaction): void {
    this.checked.commits += 1;
    const recorded = recordedTransactions(this.stateFolder);
    if (recorded.some((each) => identityOf(each) === identityOf(commits))) return;
    this.violations.push(
      `${identityOf(commits)} is committed; recorded are ${recorded.map(identityOf).join(', ')}`,
    );
  }

  private judgeUse(verb: string, transactionalId: string | null): void {
    const recorded = recordedTransactions(this.stateFolder);
    if (recorded.some((each) => each.transactionalId === transactionalId)) {
      this.violations.push(`${transactionalId} is ${verb} while the newest metadata names it`);
    }
  }
}

function identityOf({ transactionalId, producerId, producerEpoch }: PreparedTransaction): string {
  return `${transactionalId} (${producerId}, ${producerEpoch})`;
}
