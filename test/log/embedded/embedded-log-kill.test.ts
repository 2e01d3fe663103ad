import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import type { LogClient } from '../../../src/log/log-port.js';
import type { PreparedTransaction } from '../../../src/log/log-transactions.js';
import { CollectingReader, sleep } from '../collecting-reader.js';
import { newLogFolder, withLog } from './log-folder.js';

type Step =
  | { readonly kind: 'prepared'; readonly number: number; readonly prepared: PreparedTransaction }
  | { readonly kind: 'committed'; readonly number: number };

const roundCount = 12;

it('keeps every prepared transaction through kill -9, whole, and nothing else', {
  timeout: 180_000,
}, async () => {
  const path = newLogFolder();
  const expected: number[] = [];
  for (let round = 0; round < roundCount; round++) {
    const firstNumber = round * 100_000;
    const steps = await writeUntilKilled(path, firstNumber, 30 + Math.random() * 300);
    await withLog(path, async (client) => {
      const committed = new Set(steps.filter((step) => step.kind === 'committed').map((step) => step.number));
      for (const step of steps) {
        if (step.kind !== 'prepared') continue;
        expected.push(step.number);
        // Whether its own commit was applied is unknown for those that were not answered; it is the same here.
        if (!committed.has(step.number)) await client.transactions.commit(step.prepared);
      }
      for (let i = 0; i < 4; i++) await client.transactions.fence(`id-${i}`, 60_000);
      await expectExactly(client, expected);
    });
  }
  expect(expected.length).toBeGreaterThan(roundCount);
});

/** Answers what the process said it had done; the last line may be cut off, and does not count then. */
async function writeUntilKilled(path: string, firstNumber: number, killAfterMs: number): Promise<Step[]> {
  const script = fileURLToPath(new URL('./transaction-writer.mjs', import.meta.url));
  const child = spawn(process.execPath, [script, path, String(firstNumber)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const steps: Step[] = [];
  const lines = createInterface({ input: child.stdout });
  const ended = once(lines, 'close');
  const firstLine = once(lines, 'line');
  lines.on('line', (line) => {
    if (line.endsWith('}')) steps.push(JSON.parse(line) as Step);
  });
  await Promise.race([firstLine, once(child, 'exit')]);
  expect(child.exitCode).toBeNull();
  await sleep(killAfterMs);
  child.kill('SIGKILL');
  await ended;
  return steps;
}

async function expectExactly(client: LogClient, numbers: readonly number[]): Promise<void> {
  const partitions = [0, 1].map((partition) => ({ topic: 't', partition, position: 0 }));
  const reader = new CollectingReader(client, partitions);
  await reader.untilSeen(numbers.length * 10);
  for (const partition of [0, 1]) {
    const expected = numbers.flatMap((number) => [0, 2, 4, 6, 8].map((i) => `${number}:${i + partition}`));
    expect(reader.valuesOf(partition).map((value) => value?.trim())).toEqual(expected);
  }
  const ends = await client.resolveOffsets(
    partitions.map((partition) => ({ ...partition, spec: { kind: 'end' as const } })),
  );
  expect(ends).toEqual([numbers.length * 5, numbers.length * 5]);
}
