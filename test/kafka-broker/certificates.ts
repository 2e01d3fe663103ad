import { execFile, execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { isKafkaRequired } from './kafka-distribution.js';

/** Whether certificates can be made here; where Kafka is required they must be. */
export function opensslAvailable(): boolean {
  if (isKafkaRequired()) return true;
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Files in PEM, made anew for each test by openssl. */
export interface Certificates {
  /** The authority that signed all of them: what a client is to trust. */
  readonly authority: string;
  /** Another one, which signed nothing. */
  readonly stranger: string;
  /** Key and certificate of a broker at `localhost`, and nowhere else. */
  readonly broker: string;
  /** Key and certificate of a client. */
  readonly client: string;
}

export async function makeCertificates(folder: string): Promise<Certificates> {
  const [authority, stranger] = await Promise.all([
    makeAuthority(folder, 'authority'),
    makeAuthority(folder, 'stranger'),
  ]);
  const [broker, client] = await Promise.all([
    makeSigned(folder, 'broker', 'subjectAltName=DNS:localhost'),
    makeSigned(folder, 'client', 'extendedKeyUsage=clientAuth'),
  ]);
  return { authority, stranger, broker, client };
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
const days = ['-days', '2'];

async function makeAuthority(folder: string, name: string): Promise<string> {
  const file = join(folder, `${name}.pem`);
  const keyFile = join(folder, `${name}.key`);
  await openssl([
    'req',
    '-x509',
    ...newKey,
    '-keyout',
    keyFile,
    '-out',
    file,
    '-subj',
    `/CN=${name}`,
    ...days,
  ]);
  return file;
}

/** In one file, as Kafka's PEM key stores are. */
async function makeSigned(folder: string, name: string, extension: string): Promise<string> {
  const file = (ending: string): string => join(folder, `${name}.${ending}`);
  await openssl(['req', ...newKey, '-keyout', file('key'), '-out', file('csr'), '-subj', `/CN=${name}`]);
  await writeFile(file('ext'), `${extension}\n`);
  const authority = ['-CA', join(folder, 'authority.pem'), '-CAkey', join(folder, 'authority.key')];
  const request = ['-in', file('csr'), '-extfile', file('ext'), '-out', file('crt')];
  await openssl(['x509', '-req', ...request, ...authority, '-CAcreateserial', ...days]);
  await writeFile(file('pem'), (await readFile(file('key'), 'utf8')) + (await readFile(file('crt'), 'utf8')));
  return file('pem');
}

async function openssl(args: readonly string[]): Promise<void> {
  await promisify(execFile)('openssl', args);
}
