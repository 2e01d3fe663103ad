/**
 * Rules of two-phase commit, checkpoints and state, each broken by one small change of the source. A
 * simulation that does not notice such a change would not notice the mistake either.
 */
export interface Mutation {
  readonly name: string;
  /** What the source promises and the change breaks. */
  readonly rule: string;
  readonly file: string;
  /** Found exactly once in the file. */
  readonly find: string;
  readonly replace: string;
}

export const mutations: readonly Mutation[] = [
  {
    name: 'positions fetched instead of emitted',
    rule: "A source's checkpointed position is the next offset to emit.",
    file: 'src/sources/log-source-reader.ts',
    find: `      this.emitRecord(batch, split);
      split.position = batch.offset + 1;`,
    replace: `      this.emitRecord(batch, split);
      split.position = batch.positionAfter;`,
  },
  {
    name: 'sinks told before the metadata is durable',
    rule: 'Only when its metadata is on disk is a checkpoint complete and anyone told.',
    file: 'src/job-manager/checkpoint-driver.ts',
    find: 'const checkpoint = await this.options.store.writeCheckpoint(metadata);',
    replace: `this.options.store.writeCheckpoint(metadata).catch(() => {});
      const checkpoint = { metadata } as never;`,
  },
  {
    name: 'a recorded id initialised again',
    rule: 'An id named in the newest durable metadata is never initialised until later metadata omits it.',
    file: 'src/sinks/transaction-pool.ts',
    find: "slot.state = { kind: 'committed', lastNamedIn: slot.state.lastNamedIn };",
    replace: "slot.state = { kind: 'free' };",
  },
  {
    name: "a restored checkpoint's ids initialised at once",
    rule: 'The same, over a restart: what the restored metadata names stays taken.',
    file: 'src/sinks/transaction-pool.ts',
    find: "state: recorded.has(transactionalId) ? { kind: 'committed', lastNamedIn: undefined } : { kind: 'free' },",
    replace: "state: recorded.has('') ? { kind: 'committed', lastNamedIn: undefined } : { kind: 'free' },",
  },
  {
    name: 'no fencing at a restart',
    rule: 'Before any deployment every other id that an attempt may have used is fenced.',
    file: 'src/checkpoint/settlement-plan.ts',
    find: 'return { commits: isSettled(facts) ? [] : recorded, fences };',
    replace: 'return { commits: isSettled(facts) ? [] : recorded, fences: fences.slice(0, 0) };',
  },
  {
    name: 'no commits at a restart',
    rule: 'Before any deployment what the metadata records is committed.',
    file: 'src/checkpoint/settlement-plan.ts',
    find: 'return { commits: isSettled(facts) ? [] : recorded, fences };',
    replace: 'return { commits: recorded.slice(0, 0), fences };',
  },
  {
    name: 'no alignment',
    rule: 'A task takes its snapshot when every open channel has delivered the barrier.',
    file: 'src/checkpoint/barrier-aligner.ts',
    find: "if (aligning === undefined || state.channels.includes('open')) return { state, effects: [] };",
    replace: 'if (aligning === undefined) return { state, effects: [] };',
  },
  {
    name: 'channels not blocked while aligning',
    rule: 'What comes behind a barrier waits until the barrier has come on every channel.',
    file: 'src/task-manager/gate-input.ts',
    find: 'this.options.gate.block(effect.channel);',
    replace: '',
  },
  {
    name: 'merging an incomplete checkpoint',
    rule: 'The base never holds anything of an incomplete checkpoint.',
    file: 'src/state/segment-merger.ts',
    find: 'const segments = log.segments.filter(({ ref }) => ref.checkpointId <= target);',
    replace: 'const segments = log.segments.filter(({ ref }) => ref.checkpointId <= target + 1);',
  },
  {
    name: 'acknowledged before the segment is durable',
    rule: 'A checkpoint is acknowledged only when its segment and every earlier one is durable.',
    file: 'src/state/cached-keyed-state-backend.ts',
    find: '    await durable;\n',
    replace: '    durable.catch(() => undefined);\n',
  },
  {
    name: 'checkpoint 0 not written',
    rule: 'The start positions are durable as checkpoint 0 before the first read.',
    file: 'src/job-manager/recovery.ts',
    find: ': await store.writeCheckpoint(initial as CheckpointMetadata);',
    replace: ': ({ metadata: initial } as never);',
  },
  {
    name: 'an attempt deployed before it is recorded',
    rule: "An attempt's number and ids are durable before it deploys.",
    file: 'src/checkpoint/checkpoint-store.ts',
    find: `      await this.files.writeAtomically(
        ledgerFile,`,
    replace: `      void this.files.writeAtomically(
        ledgerFile,`,
  },
  {
    name: 'completing n commits n alone',
    rule: 'Completing n commits everything up to n.',
    file: 'src/sinks/transaction-pool.ts',
    find: 'const due = this.uncommittedUpTo(checkpointId).filter((state) => !state.isCommitting);',
    replace:
      'const due = this.uncommittedUpTo(checkpointId).filter((state) => !state.isCommitting && state.checkpointId === checkpointId);',
  },
  {
    name: 'acknowledgements name only their own transaction',
    rule: 'Every acknowledgement names all prepared transactions not known to be committed.',
    file: 'src/sinks/transaction-pool.ts',
    find: "return { kind: 'acknowledged', transactions: named.map((state) => state.transaction) };",
    replace:
      "return { kind: 'acknowledged', transactions: named.filter((state) => state.checkpointId === checkpointId).map((state) => state.transaction) };",
  },
  {
    name: 'epochs write past each other',
    rule: "An epoch's records wait until the epoch before is prepared, or a key's records change places.",
    file: 'src/sinks/transactional-sink-writer.ts',
    find: 'this.waiting.push(this.epoch);',
    replace: 'this.waiting.push(this.epoch);\n    this.writing = undefined;\n    this.attachTransaction();',
  },
  {
    name: 'a barrier within the results of one element',
    rule: 'No barrier passes a task while one of its emissions is suspended.',
    file: 'src/task-manager/subtask.ts',
    find: "if (this.maySuspend && !chain.resume()) return 'blocked';",
    replace: 'if (this.maySuspend) chain.resume();',
  },
  {
    name: 'timers left out of the snapshot',
    rule: 'Timers are keyed state, in the same snapshot.',
    file: 'src/state/cached-timer-queue.ts',
    find: '    for (const timer of this.dirty.take()) {',
    replace: '    for (const timer of this.dirty.take().slice(0, 0)) {',
  },
  {
    name: 'the next attempt beside the last one',
    rule: 'A new attempt begins when every thread of the last one is gone.',
    file: 'src/job-manager/attempt-execution.ts',
    find: 'return await waitWithin(this.options.clock, withinMs, this.threads.terminate());',
    replace: 'void this.threads.terminate();\n      return true;',
  },
  {
    name: 'checkpoint ids used again after a kill',
    rule: 'Ids are never reused, not those of aborted checkpoints either.',
    file: 'src/checkpoint/recovery-decision.ts',
    find: 'const reserved = onDisk.ledger?.checkpointIdsReservedThrough ?? -1;',
    replace: 'const reserved = -1;',
  },
  {
    name: 'an element in flight left out of the snapshot',
    rule: 'An element of async I/O is in every checkpoint until its result has been emitted.',
    file: 'src/async-io/stream-elements-in-state.ts',
    find: 'this.elements.update(elements);',
    replace: 'this.elements.update(elements.slice(1));',
  },
  {
    name: 'a key in flight left out of the snapshot',
    rule: 'The same of a keyed asynchronous function.',
    file: 'src/async-io/elements-in-flight.ts',
    find: 'for (const { id, requests } of lanes.values()) {',
    replace: 'for (const { id, requests } of [...lanes.values()].slice(1)) {',
  },
];
