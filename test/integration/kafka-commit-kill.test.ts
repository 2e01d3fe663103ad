import { mkdirSync, watch } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kafkaAvailable } from '../kafka-broker/kafka-broker.js';
import { CommitProtocolWatch } from './commit-protocol-watch.js';
import { KafkaDemo, newestMetadata } from './kafka-demo.js';
import type { Passage, Passing } from './kafka-proxy.js';
import {
  finalMoments,
  type KillMoment,
  type KillPhase,
  killMoments,
  type MessageMoment,
} from './kill-moments.js';
import type { MillraceProcess } from './millrace-process.js';

const events = 60_000;
/** About 2,000 events a second: long enough for every kill, with some output in each checkpoint. */
const fetchBytesPerSecond = 2_000_000;
/** A moment that does not come by then never comes. */
const momentMaxMs = 40_000;

describe.skipIf(!kafkaAvailable() || process.env.KAFKA_BROKERS !== undefined)('kill -9 when', () => {
  let demo: KafkaDemo;
  let stateFolder: string;
  let watched: CommitProtocolWatch;

  beforeAll(async () => {
    demo = await KafkaDemo.start(events);
    demo.proxy.fetchBytesPerSecond = fetchBytesPerSecond;
    stateFolder = demo.stateFolder('kills-at-moments');
    mkdirSync(join(stateFolder, 'checkpoints'), { recursive: true });
    watched = new CommitProtocolWatch(stateFolder);
    await demo.beginOutput();
  });
  afterAll(() => demo?.stop());

  // One job all the way: each kill's restart is the next kill's start. The first time that something happens
  // in a run, and a later one, when transactions follow each other closely.
  for (const nth of [1, 3]) {
    for (const moment of killMoments) {
      it(`${moment.name}, time ${nth} of the run`, { timeout: 90_000 }, async () => {
        await runAndKill(moment, isInRecovery(moment) ? 1 : nth);
      });
    }
  }

  for (const moment of finalMoments) {
    it(moment.name, { timeout: 90_000 }, async () => {
      demo.proxy.fetchBytesPerSecond = undefined;
      await runAndKill(moment, 1);
    });
  }

  it('loses and doubles nothing, and no rule of the commit protocol was broken', {
    timeout: 90_000,
  }, async () => {
    demo.proxy.onPassing = (passing) => passThrough(passing);
    const last = demo.run(stateFolder);
    await last.end();
    console.log(`Checked ${JSON.stringify(watched.checked)}.`);
    // First what tells most of a defect.
    expect(watched.violations).toEqual([]);
    expect(watched.checked.commits).toBeGreaterThan(killMoments.length);
    await last.endsWith(0);
    await demo.expectOutputEqualsOracle();
    await demo.expectNoOpenTransaction();
  });

  /** Runs the demo until the moment comes for the nth time, and kills it at that very moment. */
  async function runAndKill(moment: KillMoment, nth: number): Promise<void> {
    let seen = 0;
    let run: MillraceProcess | undefined;
    const isDue = (): boolean => {
      seen += 1;
      if (seen === nth) run?.kill('SIGKILL');
      return seen >= nth;
    };
    const stopWatching = 'file' in moment ? watchFiles(moment.file, isDue) : watchMessages(moment, isDue);
    run = demo.run(stateFolder);
    const timer = setTimeout(() => run?.kill('SIGTERM'), momentMaxMs);
    try {
      expect(await run.end(), run.log.join('\n')).toEqual({ code: null, signal: 'SIGKILL' });
    } finally {
      clearTimeout(timer);
      stopWatching();
    }
    console.log(`Checkpoint ${newestMetadata(stateFolder)?.checkpointId} is the newest after it.`);
  }

  function watchMessages(moment: MessageMoment, isDue: () => boolean): () => void {
    let hasWritten = false;
    demo.proxy.onPassing = (passing) => {
      const phase = phaseNow(hasWritten);
      if (passing.request.api === 'AddPartitionsToTxn') hasWritten = true;
      const { part, request } = passing;
      const isMoment =
        part === moment.part && request.api === moment.api && phase === moment.phase && isOfCommit(passing);
      const passage = passThrough(passing);
      return isMoment && isDue() ? moment.passage : passage;
    };
    return () => {};
  }

  function watchFiles(file: RegExp, isDue: () => boolean): () => void {
    demo.proxy.onPassing = (passing) => passThrough(passing);
    const watcher = watch(join(stateFolder, 'checkpoints'), (_event, name) => {
      if (name !== null && file.test(name)) isDue();
    });
    return () => watcher.close();
  }

  function phaseNow(hasWritten: boolean): KillPhase {
    if (newestMetadata(stateFolder)?.isFinal === true) return 'final';
    return hasWritten ? 'running' : 'recovery';
  }

  function passThrough({ part, request }: Passing): Passage {
    if (part === 'request') watched.judge(request);
    return 'forward';
  }
});

/** A recovery may have no more than one transaction to commit. */
function isInRecovery(moment: KillMoment): boolean {
  return 'phase' in moment && moment.phase === 'recovery';
}

/** Records of a topic that belong to no transaction don't count, nor do aborts. */
function isOfCommit({ request }: Passing): boolean {
  return request.transactionalId !== null && (request.api !== 'EndTxn' || request.commits !== undefined);
}
