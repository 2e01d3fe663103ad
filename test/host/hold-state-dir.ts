// Run as a process of its own: takes a state folder's lock, says so, and holds it until killed.
import { lockStateDir } from '../../src/host/state-dir-lock.js';

await lockStateDir(process.argv[2] ?? '');
process.stdout.write('locked\n');
setInterval(() => undefined, 60_000);
