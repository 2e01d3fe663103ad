import { join, resolve } from 'node:path';
import type { JobDefinition } from '../api/job.js';
import { CheckpointStore } from '../checkpoint/checkpoint-store.js';
import type { StreamGraph } from '../graph/stream-graph.js';
import { BoundedFiles } from '../host/bounded-files.js';
import type { Logger } from '../host/logger.js';
import { nodeClock } from '../host/node-clock.js';
import { NodeFiles } from '../host/node-files.js';
import { nodeRandom } from '../host/node-random.js';
import { processStartedAtMs } from '../host/process-start.js';
import { lockStateDir, type StateDirLock } from '../host/state-dir-lock.js';
import { TaskManagerThreads } from '../host/task-manager-threads.js';
import type { ProcessExit } from '../job-manager/job-events.js';
import { JobManager } from '../job-manager/job-manager.js';
import type { JobSettings } from '../job-manager/job-settings.js';
import { EmbeddedLog } from '../log/embedded/embedded-log.js';
import { type KafkaConfig, ofReachedCluster } from '../log/kafka/kafka-config.js';
import { sealKafkaConfig } from '../log/kafka/settings/sealed-kafka-config.js';
import type { ThreadLogLocation } from '../log/log-location.js';
import type { LogClient } from '../log/log-port.js';
import { openLogClient } from '../log/open-log-client.js';

/** What one process runs a job with: the state folder's lock, the log, and a JobManager on real threads. */
export class JobRuntime {
  readonly jobManager: JobManager;
  readonly files: NodeFiles;
  private readonly parts: RuntimeParts;

  private constructor(parts: RuntimeParts, jobManager: JobManager) {
    this.parts = parts;
    this.jobManager = jobManager;
    this.files = parts.files;
  }

  /**
   * Takes the state folder, opens the log and builds the graph; nothing runs yet.
   * @throws MillraceError or LogError, one clear sentence, when one of these can't be had.
   */
  static async open(options: JobRuntimeOptions): Promise<JobRuntime> {
    const graph = options.job.buildGraph();
    const stateDir = resolve(options.stateDir ?? join('.millrace', options.job.name));
    const lock = await lockStateDir(stateDir);
    let embedded: EmbeddedLog | undefined;
    const launcher = new TaskManagerThreads({
      jobFile: options.jobFile,
      stateDir,
      heapMbPerThread: options.heapMbPerThread,
      // The JobManager has found the brokers before any thread is deployed.
      logForThread: () => threadLog(embedded, options.kafka && ofReachedCluster(options.kafka)),
    });
    // Loading code is most of a start: the threads do that while the log is opened and filled.
    launcher.prepare(options.settings.parallelism);
    try {
      embedded = await startEmbeddedLog(stateDir, options);
      const files = new NodeFiles(stateDir);
      const parts: RuntimeParts = {
        lock,
        embedded,
        launcher,
        files,
        stateDir,
        client: new ClientOnce(embedded, options),
      };
      return new JobRuntime(parts, createJobManager(graph, parts, options));
    } catch (error) {
      await launcher.endPrepared();
      await embedded?.close();
      await lock.release();
      throw error;
    }
  }

  get isOnKafka(): boolean {
    return this.parts.embedded === undefined;
  }

  /** This thread's own client of the log. */
  log(): Promise<LogClient> {
    return this.parts.client.get();
  }

  /** In this order: the folder is given away when nothing of this process uses it any more. */
  async close(): Promise<void> {
    const { launcher, client, embedded, lock } = this.parts;
    try {
      await launcher.endPrepared();
      await client.close();
    } finally {
      await embedded?.close();
      await lock.release();
    }
  }
}

export interface JobRuntimeOptions {
  readonly job: JobDefinition;
  /** Every thread imports it. */
  readonly jobFile: string;
  readonly settings: JobSettings;
  /** Old space of each TaskManager's heap, in MB. */
  readonly heapMbPerThread: number;
  /** Undefined: `.millrace/<job name>` below the working directory. */
  readonly stateDir: string | undefined;
  /** Undefined: the embedded log, in the state folder. */
  readonly kafka: KafkaConfig | undefined;
  readonly logger: Logger;
  /** Ends the process at once. */
  readonly exitProcess: (reason: string, how: ProcessExit) => void;
  readonly beforeFirstRead?: (files: NodeFiles, log: LogClient, isNew: boolean) => Promise<void>;
}

interface RuntimeParts {
  readonly lock: StateDirLock;
  readonly embedded: EmbeddedLog | undefined;
  readonly launcher: TaskManagerThreads;
  readonly files: NodeFiles;
  readonly stateDir: string;
  readonly client: ClientOnce;
}

function createJobManager(graph: StreamGraph, parts: RuntimeParts, options: JobRuntimeOptions): JobManager {
  const { beforeFirstRead } = options;
  const log = (): Promise<LogClient> => parts.client.get();
  return new JobManager(graph, {
    settings: options.settings,
    store: new CheckpointStore(
      new BoundedFiles(parts.files, nodeClock, options.settings.checkpoints.metadataWriteTimeoutMs),
      parts.stateDir,
    ),
    launcher: parts.launcher,
    clock: nodeClock,
    random: nodeRandom,
    logger: options.logger,
    log,
    exitProcess: options.exitProcess,
    processStartedAtMs,
    ...(beforeFirstRead === undefined
      ? {}
      : { beforeFirstRead: async (isNew: boolean) => beforeFirstRead(parts.files, await log(), isNew) }),
  });
}

async function startEmbeddedLog(
  stateDir: string,
  options: JobRuntimeOptions,
): Promise<EmbeddedLog | undefined> {
  if (options.kafka !== undefined) return undefined;
  return EmbeddedLog.start({
    path: join(stateDir, 'log'),
    // Every client's requests fail with it, and no restart within this process would cure that.
    onFailure: (error) => options.exitProcess(error.message, 'exit'),
  });
}

function threadLog(embedded: EmbeddedLog | undefined, kafka: KafkaConfig | undefined): ThreadLogLocation {
  if (embedded !== undefined) return { kind: 'embedded', ownerPort: embedded.connect() };
  return { kind: 'kafka', config: sealKafkaConfig(kafka ?? { brokers: [] }) };
}

/** The JobManager's client, opened when something first needs it. */
class ClientOnce {
  private readonly open: () => Promise<LogClient>;
  private client: Promise<LogClient> | undefined;

  constructor(embedded: EmbeddedLog | undefined, options: JobRuntimeOptions) {
    this.open = () => openLogClient(threadLog(embedded, options.kafka));
  }

  get(): Promise<LogClient> {
    this.client ??= this.openReachable().catch((error: unknown) => {
      // The next attempt may find the broker again.
      this.client = undefined;
      throw error;
    });
    return this.client;
  }

  async close(): Promise<void> {
    // Whoever asked for a client that could not be opened was told why.
    const client = await this.client?.catch(() => undefined);
    await client?.close();
  }

  /** Asked before anything is wanted of it, a log that can't be reached is told as just that. */
  private async openReachable(): Promise<LogClient> {
    const client = await this.open();
    try {
      await client.describeTopics([]);
      return client;
    } catch (error) {
      await client.close();
      throw error;
    }
  }
}
