import type { SlotIndex } from '../protocol/ids.js';

/**
 * Which TaskManagers still give signs of life. A thread in an endless loop neither fails nor answers: unless
 * its silence counts as a failure, the job stands still for ever. The JobManager's own silence (a suspended
 * laptop, a long pause) must not count against them.
 */
export interface TaskManagerLiveness {
  readonly settings: LivenessSettings;
  readonly lastHeard: ReadonlyMap<SlotIndex, LastHeard>;
  readonly lastCheckAtMs: number;
}

export interface LastHeard {
  /** Monotonic; of its start, before it has spoken. */
  readonly atMs: number;
  /** Whether it has built its graph. */
  readonly hasLoaded: boolean;
}

export interface LivenessSettings {
  /** How often a TaskManager sends a heartbeat, and how often the JobManager looks. */
  readonly heartbeatIntervalMs: number;
  /** Silent for longer, it counts as lost. */
  readonly heartbeatTimeoutMs: number;
}

export const defaultLivenessSettings: LivenessSettings = {
  heartbeatIntervalMs: 1_000,
  // Flink's 50 s allow for networks. A thread's silence is user code or garbage collection, seconds at worst.
  heartbeatTimeoutMs: 10_000,
};

export function startLiveness(
  settings: LivenessSettings,
  slots: readonly SlotIndex[],
  nowMs: number,
): TaskManagerLiveness {
  const lastHeard = new Map(slots.map((slot) => [slot, { atMs: nowMs, hasLoaded: false }]));
  return { settings, lastHeard, lastCheckAtMs: nowMs };
}

/** Any message of a TaskManager is a sign of life; one that is no mere heartbeat shows that it has loaded the job. */
export function heard(
  liveness: TaskManagerLiveness,
  slot: SlotIndex,
  nowMs: number,
  isHeartbeat: boolean,
): TaskManagerLiveness {
  const before = liveness.lastHeard.get(slot);
  if (before === undefined) return liveness;
  const hasLoaded = before.hasLoaded || !isHeartbeat;
  return { ...liveness, lastHeard: new Map(liveness.lastHeard).set(slot, { atMs: nowMs, hasLoaded }) };
}

export interface LivenessCheck {
  readonly liveness: TaskManagerLiveness;
  readonly suspected: readonly SuspectedTaskManager[];
}

export interface SuspectedTaskManager {
  readonly slot: SlotIndex;
  readonly silentForMs: number;
}

/** Called each `heartbeatIntervalMs`, or more often. */
export function checkLiveness(liveness: TaskManagerLiveness, nowMs: number): LivenessCheck {
  const { settings, lastCheckAtMs } = liveness;
  const checked = { ...liveness, lastCheckAtMs: nowMs };
  if (nowMs - lastCheckAtMs > pausedAfterMissedChecks * settings.heartbeatIntervalMs) {
    // The JobManager itself was away; heartbeats may lie unread behind this check.
    const lastHeard = new Map(
      [...liveness.lastHeard].map(([slot, heard]) => [slot, { ...heard, atMs: nowMs }]),
    );
    return { liveness: { ...checked, lastHeard }, suspected: [] };
  }
  const suspected = [...liveness.lastHeard]
    .filter(([, heard]) => nowMs - heard.atMs > timeoutMsOf(heard, settings))
    .map(([slot, { atMs }]) => ({ slot, silentForMs: nowMs - atMs }));
  return { liveness: checked, suspected };
}

/** A thread that has not loaded the job yet may be busy with its modules for long, and can't speak meanwhile. */
function timeoutMsOf(heard: LastHeard, settings: LivenessSettings): number {
  return heard.hasLoaded
    ? settings.heartbeatTimeoutMs
    : Math.max(settings.heartbeatTimeoutMs, startupTimeoutMs);
}

/** Far above what the largest job takes to load on a busy machine: restarting it would only load it again. */
const startupTimeoutMs = 30_000;

/** A main thread that is merely busy misses one or two checks. */
const pausedAfterMissedChecks = 3;
