import type { TimeWindow } from './window.js';

/**
 * The sessions of one key, and under which window's id each keeps its contents. Invariants: no two of them
 * touch; a session's contents stay where they are when it grows, so a merge moves only the other sessions'.
 * Plain, since it is state.
 */
export type MergingWindows = readonly MergingWindow[];

export interface MergingWindow {
  readonly start: number;
  readonly end: number;
  /** The id of the window that the session began as: its contents' place in state. */
  readonly stateId: string;
}

export interface WindowMerge {
  readonly windows: MergingWindows;
  /** What the added window is now, or is part of. */
  readonly result: MergingWindow;
  /** The sessions that ended in `result`; empty when none was changed. */
  readonly merged: MergingWindows;
}

/** Adds a window, joined with all those that overlap it or end where it begins. */
export function addMergingWindow(windows: MergingWindows, added: TimeWindow): WindowMerge {
  const touched = windows
    .filter((each) => each.start <= added.end && each.end >= added.start)
    // The earliest keeps its place, so that the others' elements come behind its own.
    .sort((a, b) => a.start - b.start);
  const [first] = touched;
  if (first === undefined) {
    const result: MergingWindow = { start: added.start, end: added.end, stateId: added.id };
    return { windows: [...windows, result], result, merged: [] };
  }
  const start = Math.min(added.start, ...touched.map((each) => each.start));
  const end = Math.max(added.end, ...touched.map((each) => each.end));
  if (touched.length === 1 && first.start === start && first.end === end) {
    return { windows, result: first, merged: [] };
  }
  const result: MergingWindow = { start, end, stateId: first.stateId };
  return { windows: [...windows.filter((each) => !touched.includes(each)), result], result, merged: touched };
}

export function findMergingWindow(windows: MergingWindows, window: TimeWindow): MergingWindow | undefined {
  return windows.find((each) => each.start === window.start && each.end === window.end);
}

export function withoutWindow(windows: MergingWindows, window: TimeWindow): MergingWindows {
  return windows.filter((each) => each.start !== window.start || each.end !== window.end);
}
