/**
 * Whose event is the i-th, and the how manyth of that user's it is: both from the index alone, so that no
 * event needs its predecessors to be made.
 *
 * The events come in rounds. In each round every frequent user has one event, and every occasional user one
 * in six rounds. A fifth of the users are frequent; so they make 6 × 1/5 : 4/5 = three fifths of all events.
 * A permutation, different in each round, scatters the users over it.
 */
export class UserRotation {
  /** Events in one round. */
  readonly roundLength: number;
  readonly frequentUsers: number;
  private readonly occasionalPerRound: number;
  private readonly stride: number;

  /** @throws RangeError for fewer than 10 users, since "a fifth" means nothing then. */
  constructor(users: number) {
    if (!Number.isSafeInteger(users) || users < usersMin || users > usersMax) {
      throw new RangeError(`The generator needs ${usersMin} to ${usersMax} users, not ${users}.`);
    }
    this.occasionalPerRound = Math.round((users * 4) / 5 / roundsPerCycle);
    this.frequentUsers = users - this.occasionalPerRound * roundsPerCycle;
    this.roundLength = this.frequentUsers + this.occasionalPerRound;
    this.stride = coprimeNear(Math.round(this.roundLength * goldenSection), this.roundLength);
  }

  /** 0 … users-1; the frequent ones first. */
  userAt(index: number): number {
    const round = Math.floor(index / this.roundLength);
    const place = ((index % this.roundLength) * this.stride + round * roundShift) % this.roundLength;
    if (place < this.frequentUsers) return place;
    return place + (round % roundsPerCycle) * this.occasionalPerRound;
  }

  /** How many events the user of this event had before it. */
  ordinalAt(index: number, user: number): number {
    const round = Math.floor(index / this.roundLength);
    return user < this.frequentUsers ? round : Math.floor(round / roundsPerCycle);
  }
}

/** An occasional user has one event in so many rounds. */
const roundsPerCycle = 6;
/** "A fifth of the users" needs a few of them. */
const usersMin = 10;
/** Keeps the products of the permutation exact in a double (below 2^53). */
const usersMax = 100_000_000;
/** A prime: moves each round's permutation on by a step that has no factor in common with most round lengths. */
const roundShift = 7919;
/** Successive multiples of this part of a range spread most evenly over it. */
const goldenSection = 0.618034;

function coprimeNear(start: number, modulus: number): number {
  let candidate = Math.max(1, start);
  while (greatestCommonDivisor(candidate, modulus) !== 1) candidate += 1;
  return candidate;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
