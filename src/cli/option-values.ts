import { parseDuration } from '../api/duration.js';
import { checkpointIntervalMinMs } from '../api/job-options.js';
import { type RestartStrategyName, restartStrategyNames } from './restart-options.js';

/*
 * Each reads the text given with an option of the command line, and begins its error with the option's flag.
 */

/** From `min` to `max`, both included. */
export function wholeNumber(min: number, max: number): (text: string, flag: string) => number {
  return (text, flag) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw new Error(`${flag} is "${text}": give a whole number from ${min} to ${max}`);
  };
}

export function readText(text: string, flag: string): string {
  if (text.trim() === '') throw new Error(`${flag} is empty`);
  return text;
}

/** A duration of at least so many milliseconds. */
function durationFrom(minMs: number): (text: string, flag: string) => number {
  return (text, flag) => {
    const ms = parseDuration(text, flag);
    if (ms >= minMs) return ms;
    throw new Error(`${flag} is "${text}": give at least ${minMs}ms`);
  };
}

export const readCheckpointInterval = durationFrom(checkpointIntervalMinMs);

/** TaskManagers report so often; more lines would say the same again. */
const metricsIntervalMinMs = 250;
export const readMetricsInterval = durationFrom(metricsIntervalMinMs);

/** Heartbeats come each 250 ms; a shorter time-out would end threads that are only busy. */
const heartbeatTimeoutMinMs = 1_000;
export const readHeartbeatTimeout = durationFrom(heartbeatTimeoutMinMs);

export function readStrategy(text: string, flag: string): RestartStrategyName {
  const known = restartStrategyNames.find((name) => name === text);
  if (known !== undefined) return known;
  throw new Error(`${flag} is "${text}": give one of ${restartStrategyNames.join(', ')}`);
}

const brokerPattern = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):(\d{1,5})$/;

export function readBrokers(text: string, flag: string): readonly string[] {
  const brokers = text.split(',').map((broker) => broker.trim());
  const wrong = brokers.filter((broker) => !isBroker(broker));
  if (wrong.length === 0) return brokers;
  throw new Error(
    `${flag} has ${wrong.map((broker) => `"${broker}"`).join(', ')}: give each broker as host:port, with commas between`,
  );
}

function isBroker(text: string): boolean {
  const port = Number(brokerPattern.exec(text)?.[1] ?? 0);
  return port >= 1 && port <= 65_535;
}
