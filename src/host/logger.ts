import { pino } from 'pino';

/** What happened, for people: one sentence a call. */
export interface Logger {
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/**
 * A logger that gives plain lines, `2026-11-21T13:00:00.000Z INFO message`, to `writeLine` (without a line
 * break). Lines are made in this thread at once: nothing is lost when the process ends right after.
 */
export function createLogger(writeLine: (line: string) => void): Logger {
  const destination = {
    write(json: string): void {
      const { time, level, msg } = JSON.parse(json) as LogEntry;
      // Further lines of a message (causes, stacks) are indented, so that a new entry is told from them.
      writeLine(`${time} ${level.padEnd(5)} ${msg.replaceAll('\n', '\n  ')}`);
    },
  };
  const log = pino(
    {
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label.toUpperCase() }) },
    },
    destination,
  );
  // A message is data: passed as an argument it can't be taken for a format.
  return {
    info: (message) => log.info('%s', message),
    warn: (message) => log.warn('%s', message),
    error: (message) => log.error('%s', message),
  };
}

interface LogEntry {
  readonly time: string;
  readonly level: string;
  readonly msg: string;
}
