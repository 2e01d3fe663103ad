import type { MessagePort } from 'node:worker_threads';
import { ConnectedLogClient } from '../client/connected-log-client.js';
import type { LogClient } from '../log-port.js';
import { MessagePortConnection } from './message-port-connection.js';

/** A client of the embedded log for the thread that holds `ownerPort`, which it gets from `EmbeddedLog.connect`. */
export function openEmbeddedLogClient(options: { readonly ownerPort: MessagePort }): LogClient {
  return new ConnectedLogClient(new MessagePortConnection(options.ownerPort));
}
