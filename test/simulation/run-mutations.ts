import { spawn } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { type Mutation, mutations } from './mutations.js';

/**
 * `npm run mutations [WORDS]`: breaks one rule at a time in a copy of the source, runs the simulation on it,
 * and prints which seeds notice. WORDS picks the mutations whose name has them. Exits with 1 when one goes
 * unnoticed.
 */
const seedsTried = 500;
const failuresWanted = 3;

const wanted = process.argv.slice(2).join(' ');
const chosen = mutations.filter((mutation) => mutation.name.includes(wanted));
let areAllCaught = true;
process.stdout.write('| what is broken | first seeds that notice | what they say |\n|---|---|---|\n');
for (const mutation of chosen) {
  const caught = await seedsThatNotice(mutation);
  if (caught.length === 0) areAllCaught = false;
  const seeds = caught.map(({ seed }) => seed).join(', ');
  const says = (caught[0]?.violation ?? '').split('\n', 1)[0]?.replaceAll('|', '\\|') ?? '';
  process.stdout.write(
    `| ${mutation.name} | ${seeds === '' ? `none of ${seedsTried}` : seeds} | ${says} |\n`,
  );
}
process.exitCode = areAllCaught ? 0 : 1;

interface Caught {
  readonly seed: number;
  readonly violation: string;
}

async function seedsThatNotice(mutation: Mutation): Promise<Caught[]> {
  const copy = await mkdtemp(join(tmpdir(), 'millrace-mutation-'));
  try {
    for (const path of ['src', 'test/simulation', 'package.json', 'tsconfig.json']) {
      await cp(path, join(copy, path), { recursive: true });
    }
    await symlink(resolve('node_modules'), join(copy, 'node_modules'));
    await apply(mutation, copy);
    return await findFailingSeeds(copy);
  } finally {
    await rm(copy, { recursive: true });
  }
}

async function apply({ name, file, find, replace }: Mutation, folder: string): Promise<void> {
  const path = join(folder, file);
  const source = await readFile(path, 'utf8');
  if (source.split(find).length !== 2) {
    throw new Error(
      `"${name}": ${file} does not have its text exactly once; adapt test/simulation/mutations.ts.`,
    );
  }
  await writeFile(
    path,
    source.replace(find, () => replace),
  );
}

async function findFailingSeeds(folder: string): Promise<Caught[]> {
  const script = 'test/simulation/find-failing-seeds.ts';
  const child = spawn(
    process.execPath,
    ['--import', 'jiti/register', script, '0', String(seedsTried), String(failuresWanted)],
    { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const caught: Caught[] = [];
  for await (const line of createInterface({ input: child.stdout })) caught.push(JSON.parse(line) as Caught);
  return caught;
}
