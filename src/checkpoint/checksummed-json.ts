import { crc32c } from '@node-rs/crc32';
import { MillraceError } from '../protocol/failures.js';

/**
 * JSON behind one header line (the same in every format version) that says what it is, its format version, its length and its CRC32C. A file
 * that was cut off or changed must never be read as a smaller truth: a missing committable is lost output.
 */
export function encodeChecksummedJson(kind: string, formatVersion: number, value: unknown): Uint8Array {
  const body = Buffer.from(JSON.stringify(value), 'utf8');
  return Buffer.concat([Buffer.from(header(kind, formatVersion, body), 'latin1'), body]);
}

/** @throws MillraceError (`fail-job`) naming the file when it is damaged or of a newer format. */
export function decodeChecksummedJson(
  kind: string,
  formatVersion: number,
  bytes: Uint8Array,
  where: string,
): unknown {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = buffer.indexOf('\n') + 1;
  const match = headerPattern.exec(buffer.toString('latin1', 0, end));
  if (match === null || match[1] !== kind) throw damaged(where, `it does not begin as a ${kind} file does`);
  const body = buffer.subarray(end);
  const version = Number(match[2]);
  if (Number(match[4]) !== body.length) {
    throw damaged(where, `it has ${body.length} bytes instead of ${match[4]}`);
  }
  if (match[3] !== checksum(kind, version, body)) throw damaged(where, 'its checksum does not match');
  if (version > formatVersion) {
    throw unreadable(
      `${where} was written by a newer Millrace (format ${version}; this one reads up to ${formatVersion}). Start that newer version again, or begin anew in another folder with --state-dir.`,
    );
  }
  return JSON.parse(body.toString('utf8'));
}

const headerPattern = /^millrace-([a-z-]+) format (\d+) crc32c ([0-9a-f]{8}) bytes (\d+)\n$/;

function header(kind: string, formatVersion: number, body: Buffer): string {
  return `millrace-${kind} format ${formatVersion} crc32c ${checksum(kind, formatVersion, body)} bytes ${body.length}\n`;
}

/** Of the kind and the version too: a changed digit there would read the right bytes in the wrong way. */
function checksum(kind: string, formatVersion: number, body: Buffer): string {
  return crc32c(body, crc32c(`${kind} ${formatVersion}\n`))
    .toString(16)
    .padStart(8, '0');
}

function damaged(where: string, how: string): MillraceError {
  return unreadable(
    `${where} is damaged: ${how}. Restore it from a backup. Otherwise move the state folder away to begin anew from the sources' start positions, which produces again what was already produced.`,
  );
}

function unreadable(message: string): MillraceError {
  return new MillraceError(message, { domain: 'outside-system', action: 'fail-job' });
}
