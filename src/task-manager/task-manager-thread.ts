import type { MessagePort } from 'node:worker_threads';
import { messagePortInputChannel, messagePortOutputChannel } from '../exchange/message-port-channel.js';
import { nodeClock } from '../host/node-clock.js';
import { nodeEventLoop } from '../host/node-event-loop.js';
import type { ChannelEnd, TaskManagerThreadArguments } from '../host/task-manager-threads.js';
import { openLogClient } from '../log/open-log-client.js';
import type { FromTaskManager, ToTaskManager } from '../protocol/messages.js';
import { openKeyedStateStore } from '../state/open-keyed-state-store.js';
import { loadJobModule } from './job-module-loader.js';
import type { ThreadChannelEnds } from './slot-channels.js';
import { TaskManager } from './task-manager.js';

/** A TaskManager's thread: wires its ports to Node's, and lasts until it is told to shut down. */
export async function runTaskManagerThread(thread: TaskManagerThreadArguments): Promise<void> {
  const { control } = thread;
  await new Promise<void>((resolve) => {
    const taskManager = new TaskManager({
      slot: thread.slot,
      attempt: thread.attempt,
      clock: nodeClock,
      eventLoop: nodeEventLoop,
      loadJob: () => loadJobModule(thread.jobFile),
      openLog: () => openLogClient(thread.log),
      openState: () => openKeyedStateStore({ stateDir: thread.stateDir, slot: thread.slot }),
      channelEnds: portEnds(thread.channels),
      send: (message: FromTaskManager) => {
        control.postMessage(message);
        if (message.kind === 'shut-down-complete') resolve();
      },
    });
    control.on('message', (message: ToTaskManager) => taskManager.receive(message));
    void taskManager.start();
  });
  control.close();
}

function portEnds(ends: readonly ChannelEnd[]): ThreadChannelEnds {
  const portOf = (channelIndex: number): MessagePort => {
    const end = ends.find((each) => each.channelIndex === channelIndex);
    if (end === undefined) throw new Error(`This thread has no end of channel ${channelIndex}.`);
    return end.port;
  };
  return {
    openOutput: (channelIndex, settings) => messagePortOutputChannel(portOf(channelIndex), settings),
    openInput: (channelIndex, name, listener, decoder) =>
      messagePortInputChannel(portOf(channelIndex), name, listener, decoder),
  };
}
