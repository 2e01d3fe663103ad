import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

/** The built command in a process of its own, as a user starts it. */
export class MillraceProcess {
  /** What it has logged so far, a line each. */
  readonly log: string[] = [];
  stdout = '';
  readonly pid: number;
  private readonly child: ChildProcess;
  private readonly watchers = new Set<() => void>();
  private readonly ended: Promise<ProcessEnd>;

  /** `options.env` adds to this process's environment; the job's threads see it, too. */
  constructor(args: readonly string[], options: MillraceProcessOptions = {}) {
    const command = [...(options.wrapper ?? []), process.execPath, entry, ...args];
    const [file = process.execPath, ...rest] = command;
    this.child = spawn(file, rest, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...options.env },
    });
    this.pid = this.child.pid ?? -1;
    const { stdout, stderr } = this.child;
    if (stdout === null || stderr === null) throw new Error('The output of the process is not piped.');
    stdout.on('data', (chunk: Buffer) => {
      this.stdout += chunk.toString('utf8');
    });
    createInterface({ input: stderr }).on('line', (line) => {
      this.log.push(line);
      for (const watcher of this.watchers) watcher();
    });
    this.ended = once(this.child, 'close').then(([code, signal]) => {
      for (const watcher of this.watchers) watcher();
      return { code: code as number | null, signal: signal as NodeJS.Signals | null };
    });
    onTestFinished(() => {
      this.child.kill('SIGKILL');
    });
  }

  /** Sends a signal; SIGKILL gives the process no chance to do anything more. */
  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Its end, whatever it was. */
  end(): Promise<ProcessEnd> {
    return this.ended;
  }

  /** Its end, which must be an orderly one with this code; else an error with all that it said. */
  async endsWith(code: number): Promise<void> {
    const end = await this.ended;
    if (end.code !== code) throw new Error(`It ended with ${JSON.stringify(end)}:\n${this.log.join('\n')}`);
  }

  /** The first line that matches, past or to come. */
  async untilLine(pattern: RegExp, timeoutMs = 120_000): Promise<RegExpExecArray> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const match = this.matches(pattern)[0];
      if (match !== undefined) return match;
      const leftMs = deadline - performance.now();
      if (!this.isRunning || leftMs <= 0) {
        throw new Error(`It never logged ${pattern}:\n${this.log.join('\n')}`);
      }
      await this.changed(leftMs);
    }
  }

  matches(pattern: RegExp): RegExpExecArray[] {
    return this.log.map((line) => pattern.exec(line)).filter((match) => match !== null);
  }

  private async changed(timeoutMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(done, timeoutMs);
      const watchers = this.watchers;
      watchers.add(done);
      function done(): void {
        clearTimeout(timer);
        watchers.delete(done);
        resolve();
      }
    });
  }
}

export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface MillraceProcessOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** A command that runs the rest of its arguments: `['prlimit', …]`. */
  readonly wrapper?: readonly string[];
}

const entry = fileURLToPath(new URL('../../dist/jobmanager.js', import.meta.url));
