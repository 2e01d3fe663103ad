import { expect, it } from 'vitest';
import { BoundedFiles } from '../../src/host/bounded-files.js';
import { SimulatedClock } from '../simulation/simulated-clock.js';
import { SimulatedDisk } from '../simulation/simulated-files.js';
import { SimulatedRandom } from '../simulation/simulated-random.js';

const writeTimeoutMs = 60_000;

function diskOf(delayMs: number) {
  const random = new SimulatedRandom(1);
  const clock = new SimulatedClock(random);
  const disk = new SimulatedDisk(random);
  disk.faults = () => ({ kind: 'succeed', delayMs });
  return { clock, disk, files: new BoundedFiles(disk.open(clock), clock, writeTimeoutMs) };
}

const bytes = Buffer.from('whole');

it('A write on a disk that hangs is given up, by name, and nobody knows what became of it', async () => {
  const { clock, disk, files } = diskOf(writeTimeoutMs + 1);
  const writes = [files.writeAtomically('attempts.json', bytes), files.writeNew('segment', bytes)];
  const refused = Promise.all(
    writes.map((write) =>
      expect(write).rejects.toMatchObject({
        outcome: 'unknown',
        message: expect.stringMatching(/^(attempts\.json|segment) was not on disk within 60000 ms/),
      }),
    ),
  );
  await clock.advance(writeTimeoutMs);
  await refused;
  // Nobody can call it back.
  await clock.advance(1);
  expect(disk.read('attempts.json')).toEqual(bytes);
});

it('A write that is slow is waited for', async () => {
  const { clock, disk, files } = diskOf(writeTimeoutMs - 1);
  const written = files.writeAtomically('attempts.json', bytes);
  await clock.advance(writeTimeoutMs - 1);
  await written;
  expect(disk.read('attempts.json')).toEqual(bytes);
});
