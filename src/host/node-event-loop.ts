import type { EventLoop } from './event-loop.js';

/** Node's own loop: immediates run after the messages and I/O that are ready. */
export const nodeEventLoop: EventLoop = {
  nextTurn(callback) {
    setImmediate(callback);
  },
};
