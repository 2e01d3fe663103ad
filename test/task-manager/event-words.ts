import type { StreamEvent } from '../../src/protocol/stream-elements.js';

/** An event in a word, so that a test's expectation reads as the order of what happened. */
export function wordFor(event: StreamEvent): string {
  switch (event.kind) {
    case 'watermark':
      return `watermark ${event.timestamp}`;
    case 'watermark-status':
      return event.idle ? 'idle' : 'active';
    case 'barrier':
      return `barrier ${event.checkpointId}`;
    case 'end-of-input':
      return 'end';
  }
}
