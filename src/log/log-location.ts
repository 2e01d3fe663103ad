import type { MessagePort } from 'node:worker_threads';
import type { SealedKafkaConfig } from './kafka/settings/sealed-kafka-config.js';

/** How one thread reaches the job's log; the embedded one through a port to the thread that owns it. */
export type ThreadLogLocation =
  | { readonly kind: 'embedded'; readonly ownerPort: MessagePort }
  | { readonly kind: 'kafka'; readonly config: SealedKafkaConfig };
