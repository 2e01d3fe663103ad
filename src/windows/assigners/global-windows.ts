import { NeverTrigger } from '../triggers/never-trigger.js';
import { GlobalWindow } from '../window.js';
import type { WindowAssigner } from '../window-assigner.js';

/** One window for all elements of a key. It never fires by itself: give it a trigger. */
export const GlobalWindows = {
  create: (): WindowAssigner<GlobalWindow> => globalWindows,
} as const;

const theWindow: readonly GlobalWindow[] = [GlobalWindow.instance];

const globalWindows: WindowAssigner<GlobalWindow> = {
  // As in Flink: without an end there is nothing that event time could be late for.
  timeDomain: 'processing-time',
  isMerging: false,
  mistakes: [],
  defaultTrigger: new NeverTrigger(),
  assignWindows: () => theWindow,
};
