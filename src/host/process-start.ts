import { performance } from 'node:perf_hooks';

/** When this process began, in epoch ms: before any of its code was loaded. */
export const processStartedAtMs: number = performance.timeOrigin;
