import type { MessagePort } from 'node:worker_threads';

/** Where a job's log is, as the command line says it. */
export type LogLocation =
  | { readonly kind: 'embedded'; readonly path: string }
  | { readonly kind: 'kafka'; readonly brokers: readonly string[] };

/** The same for one thread: the embedded log is reached through a port to the thread that owns it. */
export type ThreadLogLocation =
  | { readonly kind: 'embedded'; readonly ownerPort: MessagePort }
  | { readonly kind: 'kafka'; readonly brokers: readonly string[] };
