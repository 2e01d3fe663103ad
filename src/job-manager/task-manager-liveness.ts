import type { SlotIndex } from '../protocol/ids.js';

/**
 * Which TaskManagers still give signs of life. A thread in an endless loop neither fails nor answers: unless
 * its silence counts as a failure, the job stands still for ever. The JobManager's own silence (a suspended
 * laptop, a long pause) must not count against them.
 */
export interface TaskManagerLiveness {
  readonly settings: LivenessSettings;
  /** Monotonic, by slot. */
  readonly lastHeardAtMs: ReadonlyMap<SlotIndex, number>;
  readonly lastCheckAtMs: number;
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
  return { settings, lastHeardAtMs: new Map(slots.map((slot) => [slot, nowMs])), lastCheckAtMs: nowMs };
}

/** Any message of a TaskManager is a sign of life. */
export function heard(liveness: TaskManagerLiveness, slot: SlotIndex, nowMs: number): TaskManagerLiveness {
  if (!liveness.lastHeardAtMs.has(slot)) return liveness;
  return { ...liveness, lastHeardAtMs: new Map(liveness.lastHeardAtMs).set(slot, nowMs) };
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
    const slots = [...liveness.lastHeardAtMs.keys()];
    return { liveness: startLiveness(settings, slots, nowMs), suspected: [] };
  }
  const suspected = [...liveness.lastHeardAtMs]
    .map(([slot, atMs]) => ({ slot, silentForMs: nowMs - atMs }))
    .filter(({ silentForMs }) => silentForMs > settings.heartbeatTimeoutMs);
  return { liveness: checked, suspected };
}

/** A main thread that is merely busy misses one or two checks. */
const pausedAfterMissedChecks = 3;
