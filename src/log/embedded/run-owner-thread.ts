import type { MessagePort } from 'node:worker_threads';
import type { Clock } from '../../host/clock.js';
import type { EventLoop } from '../../host/event-loop.js';
import { LogError } from '../log-port.js';
import { EmbeddedLogOwner } from './embedded-log-owner.js';
import type { OwnerCommand, OwnerReport } from './owner-messages.js';

/** The owner's thread, from its start to its `close` command; commands come from whoever started the thread. */
export function runOwnerThread(options: {
  readonly path: string;
  readonly starter: MessagePort;
  readonly clock: Clock;
  readonly eventLoop: EventLoop;
}): void {
  const { starter } = options;
  const report = (message: OwnerReport) => starter.postMessage(message);
  let owner: EmbeddedLogOwner;
  try {
    owner = new EmbeddedLogOwner(options);
  } catch (error) {
    const code = error instanceof LogError ? error.code : 'internal';
    report({ kind: 'failed-to-open', code, message: error instanceof Error ? error.message : String(error) });
    return;
  }
  starter.on('message', (command: OwnerCommand) => {
    switch (command.kind) {
      case 'connect':
        owner.serve(command.port);
        return;
      case 'close':
        // Without the listener the thread has nothing to wait for and ends once the files are closed.
        starter.close();
        void owner.close();
        return;
    }
  });
  report({ kind: 'ready' });
}
