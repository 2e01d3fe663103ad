import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { ThreadLogLocation } from '../log/log-location.js';
import { toFailure } from '../protocol/failures.js';
import { type ExecutionAttempt, type SlotIndex, slotIndex } from '../protocol/ids.js';
import type { FromTaskManager, ToTaskManager } from '../protocol/messages.js';
import type { LaunchedTaskManagers, LaunchRequest, TaskManagerLauncher } from './task-manager-launcher.js';
import { TaskManagerPool } from './task-manager-pool.js';

/**
 * TaskManagers as worker threads, a pool for each attempt. Invariant: threads end with their attempt.
 * Nothing of a failed attempt (a module's globals, a socket, a half-written buffer) reaches the next one,
 * so no cancel protocol is needed.
 */
export class TaskManagerThreads implements TaskManagerLauncher {
  private readonly options: TaskManagerThreadsOptions;
  private prepared: TaskManagerPool | undefined;

  constructor(options: TaskManagerThreadsOptions) {
    this.options = options;
  }

  prepare(parallelism: number): void {
    this.prepared ??= new TaskManagerPool(parallelism, this.options.heapMbPerThread);
  }

  async endPrepared(): Promise<void> {
    const { prepared } = this;
    this.prepared = undefined;
    await prepared?.end();
  }

  launch(request: LaunchRequest): LaunchedTaskManagers {
    const { heapMbPerThread, logForThread } = this.options;
    // First what can fail: a thread that has begun would be left behind.
    const logs = Array.from({ length: request.parallelism }, () => logForThread());
    const pool = this.prepared ?? new TaskManagerPool(request.parallelism, heapMbPerThread);
    if (pool.parallelism !== request.parallelism) {
      throw new Error(`${pool.parallelism} threads are prepared, and ${request.parallelism} are launched.`);
    }
    this.prepared = undefined;
    const channelEnds = connectChannels(request);
    const controls = logs.map((log, index) => {
      const slot = slotIndex(index);
      return this.launchThread(pool, slot, request, log, channelEnds.get(slot) ?? []);
    });
    return {
      send: (slot: SlotIndex, message: ToTaskManager) => controls[slot]?.postMessage(message),
      terminate: async () => {
        await pool.end();
        for (const control of controls) control.close();
      },
    };
  }

  private launchThread(
    pool: TaskManagerPool,
    slot: SlotIndex,
    request: LaunchRequest,
    log: ThreadLogLocation,
    channels: readonly ChannelEnd[],
  ): MessagePort {
    const { jobFile, stateDir } = this.options;
    const { attempt, parallelism, maxParallelism, onMessage, onExit } = request;
    const { port1: control, port2 } = new MessageChannel();
    control.on('message', (message: FromTaskManager) => onMessage(slot, message));
    const task: TaskManagerThreadArguments = {
      control: port2,
      slot,
      attempt,
      jobFile,
      stateDir,
      parallelism,
      maxParallelism,
      log,
      channels,
    };
    const transferList = [port2, ...channels.map((end) => end.port), ...portsOf(log)];
    pool.run(task, transferList, (error) => {
      // The port is not closed here: the thread's last message may still be on its way. The thread closes it.
      if (error !== undefined) onExit(slot, toFailure(error));
    });
    return control;
  }
}

export interface TaskManagerThreadsOptions {
  /** The job's module; every thread imports it. */
  readonly jobFile: string;
  readonly stateDir: string;
  readonly heapMbPerThread: number;
  /** How a new thread reaches the log; called once a thread, since a port can be given away only once. */
  readonly logForThread: () => ThreadLogLocation;
}

/** What a thread's entry is called with: plain data, and ports that are transferred. */
export interface TaskManagerThreadArguments {
  readonly control: MessagePort;
  readonly slot: SlotIndex;
  readonly attempt: ExecutionAttempt;
  readonly jobFile: string;
  readonly stateDir: string;
  readonly parallelism: number;
  readonly maxParallelism: number;
  readonly log: ThreadLogLocation;
  readonly channels: readonly ChannelEnd[];
}

export interface ChannelEnd {
  readonly channelIndex: number;
  readonly port: MessagePort;
}

function connectChannels(request: LaunchRequest): Map<SlotIndex, ChannelEnd[]> {
  const ends = new Map<SlotIndex, ChannelEnd[]>();
  const add = (slot: SlotIndex, end: ChannelEnd) => ends.set(slot, [...(ends.get(slot) ?? []), end]);
  for (const channel of request.channels) {
    const { port1, port2 } = new MessageChannel();
    add(channel.fromSlot, { channelIndex: channel.index, port: port1 });
    add(channel.toSlot, { channelIndex: channel.index, port: port2 });
  }
  return ends;
}

function portsOf(log: ThreadLogLocation): MessagePort[] {
  return 'ownerPort' in log ? [log.ownerPort] : [];
}
