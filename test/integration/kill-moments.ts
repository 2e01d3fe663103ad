import type { KafkaApiName } from './kafka-frames.js';
import type { Passage, Passing } from './kafka-proxy.js';

/** An exact moment of the commit protocol at which a job is killed. */
export type KillMoment = MessageMoment | FileMoment;

/** As a message passes; `passage` says whether it still arrives after the kill. */
export interface MessageMoment {
  readonly name: string;
  readonly phase: KillPhase;
  readonly part: Passing['part'];
  readonly api: KafkaApiName;
  readonly passage: Passage;
}

/** As a file of the `checkpoints` folder appears. */
export interface FileMoment {
  readonly name: string;
  readonly file: RegExp;
}

/** `recovery`: before the first record was written in this run. `final`: the last checkpoint is durable. */
export type KillPhase = 'recovery' | 'running' | 'final';

/** In an order in which each finds what it needs: a recovery has something to commit after a kill before a commit. */
export const killMoments: readonly KillMoment[] = [
  ...asked('running', 'AddPartitionsToTxn', "an epoch's first records are announced"),
  ...asked('running', 'Produce', 'records are on their way'),
  answered('running', 'Produce', 'records are in the log and their acknowledgement is not back'),
  { name: 'all is prepared and the metadata is being written', file: /^chk-\d+\.json\.tmp$/ },
  { name: 'the metadata is durable', file: /^chk-\d+\.json$/ },
  ...asked('running', 'EndTxn', 'the commit is sent'),
  answered('running', 'EndTxn', 'the commit is done and its answer is not back'),
  ...asked('running', 'InitProducerId', 'the next transaction is begun'),
  lost('running', 'EndTxn', 'the commit is sent'),
  ...asked('recovery', 'EndTxn', 'a restart commits what was recorded'),
  answered('recovery', 'EndTxn', 'a restart has committed and does not know'),
  ...asked('recovery', 'InitProducerId', 'a restart shuts out what may be open'),
];

export const finalMoments: readonly KillMoment[] = [
  ...asked('final', 'EndTxn', 'the last transactions are committed'),
  answered('final', 'EndTxn', 'a last transaction is committed and the answer is not back'),
];

function asked(phase: KillPhase, api: KafkaApiName, what: string): [KillMoment, KillMoment] {
  const arrives: KillMoment = {
    name: `${what}, and arrives (${api}, ${phase})`,
    phase,
    part: 'request',
    api,
    passage: 'forward',
  };
  return [lost(phase, api, what), arrives];
}

function lost(phase: KillPhase, api: KafkaApiName, what: string): KillMoment {
  return { name: `${what}, and is lost (${api}, ${phase})`, phase, part: 'request', api, passage: 'swallow' };
}

function answered(phase: KillPhase, api: KafkaApiName, what: string): KillMoment {
  return { name: `${what} (${api}, ${phase})`, phase, part: 'answer', api, passage: 'swallow' };
}
