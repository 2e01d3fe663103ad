import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { MessageChannel, type MessagePort, type Worker } from 'node:worker_threads';
import { Piscina } from 'piscina';
import type { LogLocation, ThreadLogLocation } from '../log/log-location.js';
import { toFailure } from '../protocol/failures.js';
import { type ExecutionAttempt, type SlotIndex, slotIndex } from '../protocol/ids.js';
import type { FromTaskManager, ToTaskManager } from '../protocol/messages.js';
import type { LaunchedTaskManagers, LaunchRequest, TaskManagerLauncher } from './task-manager-launcher.js';

/**
 * TaskManagers as worker threads, one piscina pool an attempt. Invariant: threads end with their attempt.
 * Nothing of a failed attempt (a module's globals, a socket, a half-written buffer) reaches the next one,
 * so no cancel protocol is needed.
 */
export class TaskManagerThreads implements TaskManagerLauncher {
  private readonly options: TaskManagerThreadsOptions;

  constructor(options: TaskManagerThreadsOptions) {
    this.options = options;
  }

  launch(request: LaunchRequest): LaunchedTaskManagers {
    const pool = new Piscina({
      filename: fileURLToPath(new URL('../workers/taskmanager.js', import.meta.url)),
      minThreads: request.parallelism,
      maxThreads: request.parallelism,
      concurrentTasksPerWorker: 1,
      idleTimeout: Number.POSITIVE_INFINITY,
      // A worker that waits in Atomics.wait between tasks would not read its ports.
      atomics: 'disabled',
      resourceLimits: { maxOldGenerationSizeMb: this.options.heapMbPerThread },
    });
    // A thread's error reaches us through its run; without a listener the event would end the process.
    pool.on('error', () => {});
    const exits = pool.threads.map(exitOf);
    const controls: MessagePort[] = [];
    const aborts = new AbortController();
    const channelEnds = connectChannels(request);
    for (let index = 0; index < request.parallelism; index += 1) {
      const slot = slotIndex(index);
      const { port1, port2 } = new MessageChannel();
      port1.on('message', (message: FromTaskManager) => request.onMessage(slot, message));
      controls.push(port1);
      const log = this.options.logForThread();
      const channels = channelEnds.get(slot) ?? [];
      const task: TaskManagerThreadArguments = {
        control: port2,
        slot,
        attempt: request.attempt,
        jobFile: this.options.jobFile,
        stateDir: this.options.stateDir,
        parallelism: request.parallelism,
        maxParallelism: request.maxParallelism,
        log,
        channels,
      };
      const transferList = [port2, ...channels.map((end) => end.port), ...portsOf(log)];
      pool.run(task, { transferList, signal: aborts.signal }).then(
        () => port1.close(),
        (error: unknown) => {
          if (!aborts.signal.aborted) request.onExit(slot, toFailure(error));
        },
      );
    }
    return {
      send: (slot: SlotIndex, message: ToTaskManager) => controls[slot]?.postMessage(message),
      terminate: async () => {
        aborts.abort();
        // The pool replaces a crashed thread by itself, so those are waited for as well.
        exits.push(...pool.threads.map(exitOf));
        await pool.destroy();
        await Promise.all(exits);
        for (const control of controls) control.close();
      },
    };
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
  readonly role: 'upstream' | 'downstream';
  readonly port: MessagePort;
}

function connectChannels(request: LaunchRequest): Map<SlotIndex, ChannelEnd[]> {
  const ends = new Map<SlotIndex, ChannelEnd[]>();
  const add = (slot: SlotIndex, end: ChannelEnd) => ends.set(slot, [...(ends.get(slot) ?? []), end]);
  for (const channel of request.channels) {
    const { port1, port2 } = new MessageChannel();
    add(channel.fromSlot, { channelIndex: channel.index, role: 'upstream', port: port1 });
    add(channel.toSlot, { channelIndex: channel.index, role: 'downstream', port: port2 });
  }
  return ends;
}

function portsOf(log: LogLocation | ThreadLogLocation): MessagePort[] {
  return 'ownerPort' in log ? [log.ownerPort] : [];
}

/** A rejected run says nothing of its thread, which may still be ending: only its exit does. */
async function exitOf(thread: Worker): Promise<void> {
  if (thread.threadId === -1) return;
  await once(thread, 'exit');
}
