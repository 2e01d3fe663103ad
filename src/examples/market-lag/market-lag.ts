import { fileURLToPath } from 'node:url';
import type { Example, ExampleRecord } from '../example.js';
import type { LagSignal } from './lag-signal.js';
import { newsTopic, pricesTopic, signalsTopic } from './market-events.js';
import { MarketGenerator } from './market-generator.js';
import { expectedSignals } from './market-lag-oracle.js';

const generator = new MarketGenerator(1);
const partitions = 4;

export const marketLag: Example = {
  about: 'news counted by market and hour, joined with hourly prices: where has the price not moved yet?',
  jobFile: fileURLToPath(new URL('./market-lag.job.js', import.meta.url)),
  inputs: [
    { topic: newsTopic, partitions, records: newsRecords },
    { topic: pricesTopic, partitions, records: priceRecords },
  ],
  output: { topic: signalsTopic, partitions },
  check(written) {
    const signals = written as readonly LagSignal[];
    const expected = expectedSignals(generator.news(), generator.prices());
    const [missing, unexpected] = [without(expected, signals), without(signals, expected)];
    const isRight = missing.length === 0 && unexpected.length === 0;
    const verdict = isRight
      ? `OK: all ${expected.length} signals are what the oracle works out`
      : `WRONG: missing ${JSON.stringify(missing)}, unexpected ${JSON.stringify(unexpected)}`;
    return { text: `${summary(signals)}\ncheck    ${verdict}`, isRight };
  },
};

function* newsRecords(): Generator<ExampleRecord> {
  for (const event of generator.news()) yield { key: event.market_slug, value: event };
}

function* priceRecords(): Generator<ExampleRecord> {
  for (const price of generator.prices())
    yield { key: `${price.market_slug}|${price.outcome}`, value: price };
}

/** As often as the second list has an element, it is taken from the first. */
function without(all: readonly LagSignal[], taken: readonly LagSignal[]): LagSignal[] {
  const left = taken.map(wordsFor);
  return all.filter((signal) => {
    const at = left.indexOf(wordsFor(signal));
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

/** By name and value, whatever the order of the fields. */
function wordsFor(signal: LagSignal): string {
  return JSON.stringify(Object.entries(signal).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function summary(signals: readonly LagSignal[]): string {
  const lags = signals.filter((signal) => signal.kind === 'lag').length;
  const moved = signals.flatMap((signal) => (signal.kind === 'moved' ? [signal.lagHours] : []));
  const mean = moved.reduce((sum, hours) => sum + hours, 0) / Math.max(1, moved.length);
  const markets = new Set(signals.map(({ market }) => market)).size;
  return [
    `signals  ${lags} times the news of one of ${markets} markets jumped, and its price had not moved`,
    `lag      ${moved.length} of them moved within ${mean.toFixed(1)} hours on average`,
  ].join('\n');
}
