#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { parseCommandLine } from './cli/command-line.js';
import { runCommand } from './cli/run-command.js';

/** The command: arguments in, exit code out. */
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  readonly version: string;
};
const commandLine = parseCommandLine(process.argv.slice(2), version);
switch (commandLine.kind) {
  case 'print':
    process.stdout.write(commandLine.text);
    break;
  case 'usage-error':
    process.stderr.write(commandLine.message);
    process.exitCode = 2;
    break;
  case 'run':
    process.exitCode = await runCommand(commandLine.options, {
      stdout: process.stdout,
      stderr: process.stderr,
      environment: process.env,
      onStopSignal(callback) {
        process.on('SIGINT', callback);
        process.on('SIGTERM', callback);
      },
      exitAtOnce(how) {
        if (how === 'kill') process.kill(process.pid, 'SIGKILL');
        process.exit(1);
      },
    });
    break;
}
