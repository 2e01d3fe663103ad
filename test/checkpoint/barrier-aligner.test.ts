import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AlignmentEffect,
  type AlignmentEvent,
  type AlignmentState,
  alignBarriers,
  initialAlignment,
} from '../../src/checkpoint/barrier-aligner.js';
import { checkpointId } from '../../src/protocol/ids.js';

/** An aligner with its state, as a task has it. */
class Aligner {
  state: AlignmentState;

  constructor(channelCount: number, restoredId = 0) {
    this.state = initialAlignment(channelCount, restoredId);
  }

  apply(event: AlignmentEvent): string[] {
    const step = alignBarriers(this.state, event);
    this.state = step.state;
    return step.effects.map(describeEffect);
  }

  barrier(channel: number, id: number, nowMs = 0): string[] {
    return this.apply({ kind: 'barrier', channel, checkpointId: checkpointId(id), nowMs });
  }

  trigger(id: number): string[] {
    return this.apply({ kind: 'trigger', checkpointId: checkpointId(id), nowMs: 0 });
  }

  end(channel: number): string[] {
    return this.apply({ kind: 'end-of-input', channel, nowMs: 0 });
  }

  abort(id: number): string[] {
    return this.apply({ kind: 'aborted', checkpointId: checkpointId(id) });
  }
}

function describeEffect(effect: AlignmentEffect): string {
  switch (effect.kind) {
    case 'block-channel':
      return `block ${effect.channel}`;
    case 'unblock-all':
      return 'unblock';
    case 'take-snapshot':
      return `take ${effect.checkpointId}`;
    case 'drop-stale':
      return `stale ${effect.checkpointId}`;
  }
}

describe('barrier alignment', () => {
  it('takes the snapshot of a single channel at its barrier', () => {
    expect(new Aligner(1).barrier(0, 1)).toEqual(['take 1', 'unblock']);
  });

  it('blocks each channel at its barrier, and takes the snapshot with the last one', () => {
    const aligner = new Aligner(3);
    expect(aligner.barrier(1, 1)).toEqual(['block 1']);
    expect(aligner.barrier(0, 1)).toEqual(['block 0']);
    expect(aligner.barrier(2, 1)).toEqual(['take 1', 'unblock']);
    expect(aligner.barrier(2, 2)).toEqual(['block 2']);
  });

  it('waits for an idle channel: what it has sent before its barrier belongs to the checkpoint', () => {
    const aligner = new Aligner(2);
    expect(aligner.barrier(0, 1)).toEqual(['block 0']);
    expect(aligner.trigger(1)).toEqual([]);
    expect(aligner.state.aligning?.checkpointId).toBe(1);
  });

  it('takes the end of input for a barrier', () => {
    const aligner = new Aligner(2);
    expect(aligner.barrier(0, 1)).toEqual(['block 0']);
    expect(aligner.end(1)).toEqual(['take 1', 'unblock']);
    expect(aligner.barrier(0, 2)).toEqual(['take 2', 'unblock']);
  });

  it('takes a snapshot at once when it is triggered after all input has ended', () => {
    const aligner = new Aligner(2);
    aligner.end(0);
    expect(aligner.end(1)).toEqual([]);
    expect(aligner.trigger(5)).toEqual(['take 5']);
    expect(aligner.trigger(6)).toEqual(['take 6']);
  });

  it('remembers a trigger that came before the last input ended without a barrier', () => {
    const aligner = new Aligner(2);
    aligner.end(0);
    expect(aligner.trigger(5)).toEqual([]);
    expect(aligner.end(1)).toEqual(['take 5']);
  });

  it('takes the next checkpoint too when all input ends while one is aligned and the next is triggered', () => {
    const aligner = new Aligner(2);
    aligner.end(0);
    aligner.trigger(1);
    expect(aligner.barrier(1, 1)).toEqual(['take 1', 'unblock']);
    aligner.trigger(2);
    expect(aligner.end(1)).toEqual(['take 2']);
  });

  it('does not take a checkpoint twice when its trigger comes after its barriers', () => {
    const aligner = new Aligner(1);
    aligner.barrier(0, 1);
    expect(aligner.trigger(1)).toEqual(['stale 1']);
    expect(aligner.end(0)).toEqual([]);
  });

  it('does not take a checkpoint twice when its trigger came before its barriers', () => {
    const aligner = new Aligner(1);
    aligner.trigger(1);
    aligner.barrier(0, 1);
    expect(aligner.end(0)).toEqual([]);
  });

  it('gives up the alignment of a checkpoint when the barrier of a newer one comes', () => {
    const aligner = new Aligner(2);
    aligner.barrier(0, 1);
    expect(aligner.barrier(1, 2)).toEqual(['unblock', 'block 1']);
    expect(aligner.barrier(0, 2)).toEqual(['take 2', 'unblock']);
  });

  it('drops the barrier of an overtaken checkpoint without blocking its channel', () => {
    const aligner = new Aligner(3);
    aligner.barrier(0, 1);
    aligner.barrier(1, 2);
    expect(aligner.barrier(2, 1)).toEqual(['stale 1']);
    expect(aligner.state.channels).toEqual(['open', 'blocked', 'open']);
  });

  it('unblocks when the checkpoint is aborted, and drops its barriers that come later', () => {
    const aligner = new Aligner(2);
    aligner.barrier(0, 1);
    expect(aligner.abort(1)).toEqual(['unblock']);
    expect(aligner.barrier(1, 1)).toEqual(['stale 1']);
    expect(aligner.barrier(0, 2)).toEqual(['block 0']);
    expect(aligner.barrier(1, 2)).toEqual(['take 2', 'unblock']);
  });

  it('drops the barriers of a checkpoint that was aborted before any of them came', () => {
    const aligner = new Aligner(1);
    expect(aligner.abort(1)).toEqual([]);
    expect(aligner.barrier(0, 1)).toEqual(['stale 1']);
  });

  it('forgets the trigger of an aborted checkpoint', () => {
    const aligner = new Aligner(1);
    aligner.trigger(1);
    aligner.abort(1);
    expect(aligner.end(0)).toEqual([]);
    expect(aligner.trigger(1)).toEqual(['stale 1']);
  });

  it('goes on with a newer alignment when an older checkpoint is aborted', () => {
    const aligner = new Aligner(2);
    aligner.barrier(0, 2);
    expect(aligner.abort(1)).toEqual([]);
    expect(aligner.barrier(1, 2)).toEqual(['take 2', 'unblock']);
  });

  it('drops what is not newer than the checkpoint it was restored from', () => {
    const aligner = new Aligner(1, 7);
    expect(aligner.barrier(0, 7)).toEqual(['stale 7']);
    expect(aligner.trigger(7)).toEqual(['stale 7']);
    expect(aligner.barrier(0, 8)).toEqual(['take 8', 'unblock']);
  });

  it('tells how long the alignment took', () => {
    const aligner = new Aligner(2);
    aligner.barrier(0, 1, 100);
    const event = { kind: 'barrier', channel: 1, checkpointId: checkpointId(1), nowMs: 130 } as const;
    expect(alignBarriers(aligner.state, event).effects[0]).toEqual({
      kind: 'take-snapshot',
      checkpointId: 1,
      alignmentMs: 30,
    });
  });

  it('refuses elements of a blocked or ended channel', () => {
    const aligner = new Aligner(2);
    aligner.barrier(0, 1);
    expect(() => aligner.barrier(0, 2)).toThrow('Input channel 0 is blocked and has delivered barrier 2.');
    expect(() => aligner.end(0)).toThrow(
      'Input channel 0 is blocked and has delivered the end of its input.',
    );
    aligner.end(1);
    expect(() => aligner.end(1)).toThrow('Input channel 1 is ended');
    expect(() => aligner.end(9)).toThrow('Input channel 9 is unknown');
  });

  /**
   * Random channels, each a queue of barriers with rising ids and perhaps its end, consumed in random order by
   * a task that honours the effects; triggers and aborts come at random between.
   */
  it('keeps its rules in every interleaving', () => {
    const queues = fc.array(
      fc.record({
        ids: fc.uniqueArray(fc.integer({ min: 1, max: 6 }), { maxLength: 6 }),
        ends: fc.boolean(),
      }),
      { minLength: 1, maxLength: 4 },
    );
    const choices = fc.array(fc.record({ pick: fc.nat(5), id: fc.integer({ min: 1, max: 6 }) }), {
      maxLength: 80,
    });
    fc.assert(
      fc.property(queues, choices, (channels, steps) => {
        const run = new AlignmentRun(
          channels.map(({ ids, ends }) => ({ ids: ids.sort((a, b) => a - b), ends })),
        );
        for (const { pick, id } of steps) run.step(pick, id);
        run.check();
      }),
      { numRuns: 3000 },
    );
  });
});

/** Runs an aligner over queues of barriers and checks each of its effects against the rules. */
class AlignmentRun {
  private readonly aligner: Aligner;
  private readonly blocked = new Set<number>();
  private readonly ended = new Set<number>();
  /** Each channel's newest delivered barrier. */
  private readonly delivered: number[];
  private readonly aborted = new Set<number>();
  private readonly triggered = new Set<number>();
  private readonly taken: number[] = [];
  private readonly queues: readonly { readonly ids: number[]; ends: boolean }[];

  constructor(queues: readonly { readonly ids: number[]; ends: boolean }[]) {
    this.queues = queues;
    this.aligner = new Aligner(queues.length);
    this.delivered = queues.map(() => 0);
  }

  step(pick: number, id: number): void {
    if (pick === 4) {
      this.triggered.add(id);
      this.follow(this.aligner.trigger(id), id);
    } else if (pick === 5) {
      this.aborted.add(id);
      this.follow(this.aligner.abort(id), id);
    } else this.consume(pick % this.queues.length);
  }

  private consume(channel: number): void {
    if (this.blocked.has(channel) || this.ended.has(channel)) return;
    const queue = this.queues[channel]!;
    const id = queue.ids.shift();
    if (id !== undefined) {
      this.delivered[channel] = id;
      this.follow(this.aligner.barrier(channel, id), id);
    } else if (queue.ends) {
      this.ended.add(channel);
      this.follow(this.aligner.end(channel), 0);
    }
  }

  private follow(effects: readonly string[], id: number): void {
    for (const effect of effects) {
      const [kind, argument] = effect.split(' ');
      if (kind === 'block') this.blocked.add(Number(argument));
      else if (kind === 'unblock') this.blocked.clear();
      else if (kind === 'take') this.checkTaken(Number(argument));
      else expect(this.isOver(id)).toBe(true);
    }
  }

  /** The rule itself: every channel has delivered this barrier and nothing behind it, or its end. */
  private checkTaken(id: number): void {
    this.queues.forEach((_, channel) => {
      if (!this.ended.has(channel)) expect([channel, this.delivered[channel]]).toEqual([channel, id]);
    });
    expect(id).toBeGreaterThan(Math.max(0, ...this.taken, ...this.aborted));
    if (this.ended.size === this.queues.length)
      expect(this.delivered.includes(id) || this.triggered.has(id)).toBe(true);
    this.taken.push(id);
  }

  private isOver(id: number): boolean {
    const aligning = this.aligner.state.aligning?.checkpointId ?? 0;
    return id <= Math.max(aligning, ...this.taken, ...this.aborted);
  }

  /** At the end nothing waits that should have been taken, and the aligner's view of the channels is the task's. */
  check(): void {
    const { channels, aligning } = this.aligner.state;
    const view = channels.map((channel, index) => [index, channel]);
    const expected = this.queues.map((_, index) => {
      return [index, this.ended.has(index) ? 'ended' : this.blocked.has(index) ? 'blocked' : 'open'];
    });
    expect(view).toEqual(expected);
    expect(this.blocked.size > 0).toBe(aligning !== undefined);
    const pending = [...this.triggered].filter((id) => !this.isOver(id));
    if (this.ended.size === this.queues.length) expect(pending).toEqual([]);
  }
}
