import { describe, expect, it } from 'vitest';
import { FirstAnswer, type Respondent } from '../../../src/log/kafka/first-answer.js';
import { LogError } from '../../../src/log/log-port.js';
import { SimulatedClock } from '../../simulation/simulated-clock.js';
import { SimulatedRandom } from '../../simulation/simulated-random.js';

/** Brokers with names, each of which does what the test says, and when they were asked. */
class Brokers {
  readonly clock = new SimulatedClock(new SimulatedRandom(1));
  readonly asked: string[] = [];
  private readonly first = new FirstAnswer(this.clock);

  ask(respondents: Readonly<Record<string, () => Promise<string>>>): Promise<string> {
    const startedMs = this.clock.monotonicMs();
    return this.first.of(
      Object.entries(respondents).map(
        ([name, behave]): Respondent<string> => ({
          name,
          ask: () => {
            this.asked.push(`${name} after ${Math.round(this.clock.monotonicMs() - startedMs)} ms`);
            return behave();
          },
        }),
      ),
    );
  }

  answersAfter(delayMs: number, answer: string): () => Promise<string> {
    return () => new Promise((resolve) => this.clock.setTimer(delayMs, () => resolve(answer)));
  }

  failsAfter(delayMs: number, error: Error): () => Promise<string> {
    return () => new Promise((_, reject) => this.clock.setTimer(delayMs, () => reject(error)));
  }
}

const never = (): Promise<string> => new Promise(() => {});

describe('The first answer', () => {
  it('is asked of one alone where that one is quick', async () => {
    const brokers = new Brokers();
    const answer = brokers.ask({ a: brokers.answersAfter(900, 'A'), b: brokers.answersAfter(1, 'B') });
    await brokers.clock.advance(900);
    expect(await answer).toBe('A');
    expect(brokers.asked).toEqual(['a after 0 ms']);
  });

  it('comes from the next one when the one before is silent, and later that one is asked last', async () => {
    const brokers = new Brokers();
    const answer = brokers.ask({ a: never, b: brokers.answersAfter(5, 'B') });
    await brokers.clock.advance(1_005);
    expect(await answer).toBe('B');
    expect(brokers.asked).toEqual(['a after 0 ms', 'b after 1000 ms']);
    const again = brokers.ask({ a: never, b: brokers.answersAfter(5, 'B') });
    await brokers.clock.advance(5);
    expect(await again).toBe('B');
    expect(brokers.asked.slice(2)).toEqual(['b after 0 ms']);
  });

  it('is asked of the next one at once where the one before fails', async () => {
    const brokers = new Brokers();
    const answer = brokers.ask({
      a: brokers.failsAfter(3, new Error('gone')),
      b: brokers.answersAfter(1, 'B'),
    });
    await brokers.clock.advance(4);
    expect(await answer).toBe('B');
    expect(brokers.asked).toEqual(['a after 0 ms', 'b after 3 ms']);
  });

  it('may still come from one that was slow', async () => {
    const brokers = new Brokers();
    const answer = brokers.ask({ a: brokers.answersAfter(1_200, 'A'), b: never });
    await brokers.clock.advance(1_200);
    expect(await answer).toBe('A');
  });

  it('is an error only when all have failed: the one that tells people most', async () => {
    const brokers = new Brokers();
    const refused = new LogError('unauthorized', 'The password is wrong.');
    const answer = brokers.ask({
      a: brokers.failsAfter(2_500, new Error('timed out')),
      b: brokers.failsAfter(1, refused),
      c: brokers.failsAfter(1, new Error('gone')),
    });
    const told = expect(answer).rejects.toBe(refused);
    await brokers.clock.advance(2_499);
    expect(brokers.asked).toEqual(['a after 0 ms', 'b after 1000 ms', 'c after 1001 ms']);
    await brokers.clock.advance(1);
    await told;
  });
});
