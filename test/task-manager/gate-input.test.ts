import { describe, expect, it } from 'vitest';
import { initialCreditBuffers } from '../../src/exchange/credit-flow.js';
import { InputGate } from '../../src/exchange/input-gate.js';
import { LocalChannel } from '../../src/exchange/local-channel.js';
import { OutputAvailability } from '../../src/exchange/output-availability.js';
import { CurrentOrigin } from '../../src/exchange/record-origin.js';
import type { StreamOperator } from '../../src/operators/stream-operator.js';
import { checkpointId } from '../../src/protocol/ids.js';
import type { StreamEvent } from '../../src/protocol/stream-elements.js';
import { GateInput } from '../../src/task-manager/gate-input.js';
import { SimulatedClock } from '../simulation/simulated-clock.js';
import { SimulatedRandom } from '../simulation/simulated-random.js';
import { wordFor } from './event-words.js';

const watermark = (timestamp: number): StreamEvent => ({ kind: 'watermark', timestamp });
const status = (idle: boolean): StreamEvent => ({ kind: 'watermark-status', idle });
const barrier = (id: number): StreamEvent => ({
  kind: 'barrier',
  checkpointId: checkpointId(id),
  triggeredAtMs: 1_000 + id,
});
const end: StreamEvent = { kind: 'end-of-input' };

/** A gate over local channels in front of an operator that writes down what reaches it. */
class GateFixture {
  readonly happened: string[] = [];
  readonly input: GateInput;
  readonly output = new OutputAvailability(() => {});
  readonly clock = new SimulatedClock(new SimulatedRandom(1));
  wakeUps = 0;
  /** The operator's output is full after each of these. */
  readonly blocksAfter = new Set<string>();
  private readonly channels: LocalChannel[] = [];
  /** Of what is sent. */
  readonly sent = new CurrentOrigin();
  /** Where what reached the operator came from. */
  readonly origins: string[] = [];
  /** Of what the operator processes. */
  readonly origin = new CurrentOrigin();

  constructor(channelCount: number, inputOf: (channel: number) => number = (channel) => channel % 2) {
    const gate = new InputGate(() => {});
    for (let number = 0; number < channelCount; number += 1) {
      gate.addChannel(inputOf(number), (listener) => {
        const settings = {
          name: `channel ${number}`,
          availability: new OutputAvailability(() => {}),
          origin: this.sent,
        };
        const channel = new LocalChannel(settings, listener);
        this.channels.push(channel);
        return channel;
      });
    }
    const operator: Pick<
      StreamOperator<unknown>,
      'processElement' | 'processWatermark' | 'processWatermarkStatus'
    > = {
      processElement: (value, _timestamp, input) => this.note(`${value}@${input}`),
      processWatermark: (timestamp) => this.note(wordFor(watermark(timestamp))),
      processWatermarkStatus: (idle) => this.note(wordFor(status(idle))),
    };
    this.input = new GateInput({
      gate,
      operator: operator as StreamOperator<unknown>,
      availability: this.output,
      origin: this.origin,
      clock: this.clock,
      takeCheckpoint: (id, triggeredAtMs) => this.note(`checkpoint ${id} of ${triggeredAtMs}`),
      wake: () => {
        this.wakeUps += 1;
      },
    });
  }

  /** Strings are records. */
  send(channel: number, ...elements: readonly (string | StreamEvent)[]): void {
    const to = this.channels[channel]!;
    for (const element of elements) {
      if (typeof element === 'string') to.writeRecord(element, 1);
      else to.writeEvent(element);
    }
    to.flush();
  }

  /** What happened until nothing more is here, or the output is full. */
  process(): string[] {
    while (this.output.isAvailable && this.input.processNext(100) === 'more-available');
    return this.happened.splice(0);
  }

  makeRoom(): void {
    this.output.unblock();
  }

  private note(word: string): void {
    this.happened.push(word);
    const { split, position } = this.origin;
    this.origins.push(`${word} of ${split === '' ? 'nowhere' : `${split} ${position}`}`);
    if (this.blocksAfter.has(word)) this.output.block();
  }
}

describe('A gate’s input', () => {
  it('passes elements on in each channel’s order, with the input that the channel feeds', () => {
    const gate = new GateFixture(2);
    gate.send(0, 'a', 'b');
    gate.send(1, 'c');
    expect(gate.process()).toEqual(['a@0', 'b@0', 'c@1']);
    expect(gate.input.numRecordsIn).toBe(3);
    expect(gate.input.processNext(100)).toBe('nothing-available');
  });

  it('reads more of the channel that is furthest behind in event time, by each one’s own watermark', () => {
    const gate = new GateFixture(4);
    for (const [channel, timestamp] of [30, 10, 5, 20].entries()) gate.send(channel, watermark(timestamp));
    gate.process();
    for (let n = 0; n < 2; n += 1)
      for (let channel = 0; channel < 4; channel += 1) gate.send(channel, `of ${channel}`);
    const read = gate.process().map((word) => word.at(-3));
    // Each second time, beginning with the first: channel 2 while it has something, then 1, then 3.
    expect(read.join('')).toBe('20211330');
  });

  it('says where each element comes from, and of what is no element that it comes from nowhere', () => {
    const gate = new GateFixture(1);
    gate.sent.set('split', 1);
    gate.send(0, 'a');
    gate.sent.set('split', 2 ** 40);
    gate.send(0, 'b', watermark(5));
    gate.sent.clear();
    gate.send(0, 'c');
    gate.process();
    expect(gate.origins).toEqual([
      'a@0 of split 1',
      `b@0 of split ${2 ** 40}`,
      'watermark 5 of nowhere',
      'c@0 of nowhere',
    ]);
  });

  it('stops after so many records, and goes on in the midst of the buffer', () => {
    const gate = new GateFixture(1);
    gate.send(0, 'a', 'b', 'c');
    expect(gate.input.processNext(2)).toBe('more-available');
    expect(gate.happened).toEqual(['a@0', 'b@0']);
    expect(gate.process()).toEqual(['a@0', 'b@0', 'c@0']);
  });

  it('passes nothing on while the output is full, not even the watermark that is next', () => {
    const gate = new GateFixture(1);
    gate.blocksAfter.add('a@0').add('watermark 5');
    gate.send(0, 'a', watermark(5), status(true), 'b');
    expect(gate.process()).toEqual(['a@0']);
    expect(gate.input.processNext(100)).toBe('more-available');
    gate.makeRoom();
    expect(gate.process()).toEqual(['watermark 5']);
    expect(gate.input.currentInputWatermark).toBe(5);
    gate.makeRoom();
    expect(gate.process()).toEqual(['idle', 'b@0']);
  });

  it('passes no further record of a buffer on while the output is full', () => {
    const gate = new GateFixture(1);
    gate.blocksAfter.add('a@0');
    gate.send(0, 'a', 'b');
    expect(gate.process()).toEqual(['a@0']);
    gate.makeRoom();
    expect(gate.process()).toEqual(['b@0']);
  });

  it('delivers a watermark and the status behind it one after the other when the first fills the output', () => {
    const gate = new GateFixture(2, () => 0);
    gate.blocksAfter.add('watermark 9');
    gate.send(0, watermark(9), status(true));
    gate.send(1, watermark(4), status(true));
    // The second status lets time go on to the furthest and makes the whole input idle: two events of one element.
    expect(gate.process()).toEqual(['watermark 4', 'watermark 9']);
    gate.makeRoom();
    expect(gate.process()).toEqual(['idle']);
  });

  it('gives a buffer’s credit back only when the buffer is processed to its end', () => {
    const gate = new GateFixture(1);
    gate.blocksAfter.add('last@0');
    for (let i = 0; i < initialCreditBuffers; i += 1) gate.send(0, `${i}`, 'last');
    gate.send(0, 'waits');
    expect(gate.process()).toEqual(['0@0', 'last@0']);
    for (let i = 1; i < initialCreditBuffers; i += 1) {
      gate.makeRoom();
      expect(gate.process()).toEqual([`${i}@0`, 'last@0']);
    }
    gate.makeRoom();
    expect(gate.process()).toEqual(['waits@0']);
  });
});

describe('A gate’s input aligns barriers', () => {
  it('and takes the checkpoint before anything behind a barrier, with the time of its trigger', async () => {
    const gate = new GateFixture(2);
    gate.send(0, 'a', barrier(1), 'behind');
    gate.send(1, 'b');
    expect(gate.process()).toEqual(['a@0', 'b@1']);
    await gate.clock.advance(30);
    gate.send(1, 'c', barrier(1), 'd');
    expect(gate.process()).toEqual(['c@1', 'checkpoint 1 of 1001', 'behind@0', 'd@1']);
    expect(gate.input.alignmentTimeMs).toBe(30);
  });

  it('and lets a channel’s end count as its barrier', () => {
    const gate = new GateFixture(2);
    gate.send(0, 'a', barrier(1), 'behind');
    gate.send(1, 'b', end);
    expect(gate.process()).toEqual(['a@0', 'b@1', 'checkpoint 1 of 1001', 'behind@0']);
  });

  it('and goes on without a checkpoint that is aborted, whose late barriers then mean nothing', () => {
    const gate = new GateFixture(2);
    gate.send(0, barrier(1), 'behind');
    expect(gate.process()).toEqual([]);
    gate.input.checkpointAborted(checkpointId(1));
    expect(gate.wakeUps).toBe(1);
    expect(gate.process()).toEqual(['behind@0']);
    gate.send(1, 'b', barrier(1), 'c');
    expect(gate.process()).toEqual(['b@1', 'c@1']);
    gate.send(0, barrier(2));
    gate.send(1, barrier(2));
    expect(gate.process()).toEqual(['checkpoint 2 of 1002']);
  });

  it('and does not take the checkpoint at the trigger while a channel is open', () => {
    const gate = new GateFixture(1);
    gate.input.triggerCheckpoint(checkpointId(1), 77);
    expect(gate.process()).toEqual([]);
    gate.send(0, 'a', barrier(1));
    expect(gate.process()).toEqual(['a@0', 'checkpoint 1 of 1001']);
  });
});

describe('At the end of a gate’s input', () => {
  it('every channel has ended; an ended one no longer holds the watermark', () => {
    const gate = new GateFixture(2);
    gate.send(0, watermark(10));
    gate.send(1, watermark(3), end);
    expect(gate.process()).toEqual(['watermark 3', 'watermark 10']);
    gate.send(0, 'last', end);
    expect(gate.process()).toEqual(['last@0']);
    expect(gate.input.processNext(100)).toBe('end-of-input');
  });

  it('a checkpoint that was waiting for it comes before the watermark that the end sets free', () => {
    const gate = new GateFixture(2);
    gate.send(0, watermark(10), barrier(1));
    gate.send(1, watermark(3));
    expect(gate.process()).toEqual(['watermark 3']);
    gate.send(1, end);
    expect(gate.process()).toEqual(['checkpoint 1 of 1001', 'watermark 10']);
  });

  it('while aligning, the last channels’ ends take the checkpoint, and nothing is delivered twice', () => {
    const gate = new GateFixture(3);
    gate.send(0, barrier(1), 'behind', end);
    gate.send(1, end);
    expect(gate.process()).toEqual([]);
    gate.send(2, 'c', end);
    expect(gate.process()).toEqual(['c@0', 'checkpoint 1 of 1001', 'behind@0']);
    expect(gate.input.processNext(100)).toBe('end-of-input');
  });

  it('triggers alone take checkpoints, once each', () => {
    const gate = new GateFixture(1);
    gate.send(0, end);
    expect(gate.process()).toEqual([]);
    gate.input.triggerCheckpoint(checkpointId(1), 55);
    gate.input.triggerCheckpoint(checkpointId(1), 55);
    gate.input.triggerCheckpoint(checkpointId(2), 66);
    expect(gate.happened).toEqual(['checkpoint 1 of 55', 'checkpoint 2 of 66']);
  });

  it('the end waits for what its watermark sets off when the output is full', () => {
    const gate = new GateFixture(2);
    gate.blocksAfter.add('watermark 3');
    gate.send(0, watermark(10));
    gate.send(1, watermark(3), end);
    gate.send(0, end);
    expect(gate.process()).toEqual(['watermark 3']);
    expect(gate.input.processNext(100)).toBe('more-available');
    gate.makeRoom();
    expect(gate.process()).toEqual(['watermark 10']);
    expect(gate.input.processNext(100)).toBe('end-of-input');
  });
});
