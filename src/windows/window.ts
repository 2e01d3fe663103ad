import { MAX_WATERMARK } from '../protocol/stream-elements.js';

const globalWindowId = 'global';

/** What an element is put into. Its id names it in state and in timers, so the ids are a file format. */
export type Window = TimeWindow | GlobalWindow;

/** From `start`, included, to `end`, excluded; epoch ms. */
export class TimeWindow {
  readonly start: number;
  readonly end: number;
  readonly id: string;

  constructor(start: number, end: number) {
    this.start = start;
    this.end = end;
    this.id = `${start},${end}`;
  }

  /** The last moment that belongs to it: it fires when the watermark reaches that, and its results carry it. */
  get maxTimestamp(): number {
    return this.end - 1;
  }
}

/** The one window of `GlobalWindows`. It has no end, so only a trigger of the user's makes it fire. */
export class GlobalWindow {
  static readonly instance = new GlobalWindow();
  readonly id = globalWindowId;
  readonly maxTimestamp = MAX_WATERMARK;

  private constructor() {}
}

/** The window that an id was made of. */
export function windowOfId(id: string): Window {
  if (id === globalWindowId) return GlobalWindow.instance;
  const comma = id.indexOf(',');
  return new TimeWindow(Number(id.slice(0, comma)), Number(id.slice(comma + 1)));
}
