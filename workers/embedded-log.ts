import { parentPort, workerData } from 'node:worker_threads';
import { nodeClock } from '#dist/host/node-clock.js';
import { nodeEventLoop } from '#dist/host/node-event-loop.js';
import { runOwnerThread } from '#dist/log/embedded/run-owner-thread.js';

/** The entry of the embedded log's owner thread. */
const { path } = workerData as { readonly path: string };
if (parentPort === null) throw new Error('This is the entry of a worker thread; start millrace instead.');
runOwnerThread({ path, starter: parentPort, clock: nodeClock, eventLoop: nodeEventLoop });
