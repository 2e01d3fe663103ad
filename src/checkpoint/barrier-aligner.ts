import { MillraceError } from '../protocol/failures.js';
import type { CheckpointId } from '../protocol/ids.js';

/**
 * When a subtask with several input channels takes part in a checkpoint. Invariant: at `take-snapshot` of n,
 * every channel has delivered either barrier n or its end, and nothing after it. Were one element from behind
 * a barrier processed first, its effect would be in the state and the element itself would be read again.
 *
 * Pure: `alignBarriers` takes the state before, and gives the state after with what the task must do.
 */
export interface AlignmentState {
  readonly channels: readonly ChannelAlignment[];
  /** The newest checkpoint that was taken, aborted or overtaken here; what is not newer is stale. */
  readonly lastSettledId: number;
  /** The checkpoint whose barriers are coming in. */
  readonly aligning: { readonly checkpointId: CheckpointId; readonly startedAtMs: number } | undefined;
  /**
   * The newest checkpoint the JobManager has told of while no barrier of it was here. When all channels end
   * without one, it is taken then.
   */
  readonly triggered: CheckpointId | undefined;
}

/** An idle channel is open: it delivers barriers like others. */
export type ChannelAlignment = 'open' | 'blocked' | 'ended';

export type AlignmentEvent =
  /** `nowMs` is monotonic. */
  | {
      readonly kind: 'barrier';
      readonly channel: number;
      readonly checkpointId: CheckpointId;
      readonly nowMs: number;
    }
  /** The JobManager says that the checkpoint is under way; it may come before, between or after the barriers. */
  | { readonly kind: 'trigger'; readonly checkpointId: CheckpointId; readonly nowMs: number }
  | { readonly kind: 'end-of-input'; readonly channel: number; readonly nowMs: number }
  | { readonly kind: 'aborted'; readonly checkpointId: CheckpointId };

export type AlignmentEffect =
  /** Don't poll the channel until `unblock-all`. */
  | { readonly kind: 'block-channel'; readonly channel: number }
  | { readonly kind: 'unblock-all' }
  /** Forward the barrier and take the snapshot, before any further element. */
  | { readonly kind: 'take-snapshot'; readonly checkpointId: CheckpointId; readonly alignmentMs: number }
  /** Nothing to do: that checkpoint is over here. */
  | { readonly kind: 'drop-stale'; readonly checkpointId: CheckpointId };

export interface AlignmentStep {
  readonly state: AlignmentState;
  readonly effects: readonly AlignmentEffect[];
}

/** `restoredId` is the checkpoint the attempt began from, if any; ids only rise. */
export function initialAlignment(channelCount: number, restoredId = 0): AlignmentState {
  return {
    channels: Array.from({ length: channelCount }, () => 'open' as const),
    lastSettledId: restoredId,
    aligning: undefined,
    triggered: undefined,
  };
}

/** @throws MillraceError when a blocked or ended channel delivers something: the gate is at fault. */
export function alignBarriers(state: AlignmentState, event: AlignmentEvent): AlignmentStep {
  switch (event.kind) {
    case 'barrier':
      return onBarrier(state, event.channel, event.checkpointId, event.nowMs);
    case 'trigger':
      return onTrigger(state, event.checkpointId);
    case 'end-of-input':
      return onEndOfInput(state, event.channel, event.nowMs);
    case 'aborted':
      return onAborted(state, event.checkpointId);
  }
}

function onBarrier(state: AlignmentState, channel: number, id: CheckpointId, nowMs: number): AlignmentStep {
  assertOpen(state, channel, `barrier ${id}`);
  if (isStale(state, id) || (state.aligning !== undefined && id < state.aligning.checkpointId)) {
    return { state, effects: [{ kind: 'drop-stale', checkpointId: id }] };
  }
  const overtakes = state.aligning !== undefined && id > state.aligning.checkpointId;
  const begun = overtakes ? withoutAlignment(state) : state;
  const blocked: AlignmentState = {
    ...begun,
    channels: begun.channels.with(channel, 'blocked'),
    aligning: begun.aligning ?? { checkpointId: id, startedAtMs: nowMs },
  };
  const step = takeIfComplete(blocked, nowMs);
  const effects: AlignmentEffect[] = overtakes ? [{ kind: 'unblock-all' }] : [];
  // The last barrier's channel would be unblocked in the same breath.
  if (step.state.aligning !== undefined) effects.push({ kind: 'block-channel', channel });
  return { state: step.state, effects: [...effects, ...step.effects] };
}

function onTrigger(state: AlignmentState, id: CheckpointId): AlignmentStep {
  if (isStale(state, id)) return { state, effects: [{ kind: 'drop-stale', checkpointId: id }] };
  const triggered = state.triggered !== undefined && state.triggered > id ? state.triggered : id;
  return takeTriggeredIfAllEnded({ ...state, triggered });
}

function onEndOfInput(state: AlignmentState, channel: number, nowMs: number): AlignmentStep {
  assertOpen(state, channel, 'the end of its input');
  const ended = takeIfComplete({ ...state, channels: state.channels.with(channel, 'ended') }, nowMs);
  const triggered = takeTriggeredIfAllEnded(ended.state);
  return { state: triggered.state, effects: [...ended.effects, ...triggered.effects] };
}

function onAborted(state: AlignmentState, id: CheckpointId): AlignmentStep {
  if (isStale(state, id)) return { state, effects: [] };
  const isAligning = state.aligning !== undefined && state.aligning.checkpointId <= id;
  const settled = settle(isAligning ? withoutAlignment(state) : state, id);
  return { state: settled, effects: isAligning ? [{ kind: 'unblock-all' }] : [] };
}

/** Complete: each channel has delivered the barrier or its end. */
function takeIfComplete(state: AlignmentState, nowMs: number): AlignmentStep {
  const { aligning } = state;
  if (aligning === undefined || state.channels.includes('open')) return { state, effects: [] };
  const { checkpointId, startedAtMs } = aligning;
  const effects: AlignmentEffect[] = [
    { kind: 'take-snapshot', checkpointId, alignmentMs: nowMs - startedAtMs },
    { kind: 'unblock-all' },
  ];
  return { state: settle(withoutAlignment(state), checkpointId), effects };
}

/** End-of-input counts as a barrier of every later checkpoint, so a trigger is all that there is to wait for. */
function takeTriggeredIfAllEnded(state: AlignmentState): AlignmentStep {
  const { triggered } = state;
  if (triggered === undefined || state.channels.some((channel) => channel !== 'ended')) {
    return { state, effects: [] };
  }
  return {
    state: settle(state, triggered),
    effects: [{ kind: 'take-snapshot', checkpointId: triggered, alignmentMs: 0 }],
  };
}

function isStale(state: AlignmentState, id: CheckpointId): boolean {
  return id <= state.lastSettledId;
}

function settle(state: AlignmentState, id: CheckpointId): AlignmentState {
  const isTriggeredSettled = state.triggered !== undefined && state.triggered <= id;
  return { ...state, lastSettledId: id, triggered: isTriggeredSettled ? undefined : state.triggered };
}

function withoutAlignment(state: AlignmentState): AlignmentState {
  const channels = state.channels.map((channel) => (channel === 'blocked' ? 'open' : channel));
  return { ...state, channels, aligning: undefined };
}

function assertOpen(state: AlignmentState, channel: number, what: string): void {
  const now = state.channels[channel];
  if (now === 'open') return;
  throw new MillraceError(`Input channel ${channel} is ${now ?? 'unknown'} and has delivered ${what}.`, {
    domain: 'internal',
    action: 'restart',
  });
}
