import { closeSync, existsSync, fstatSync, ftruncateSync, openSync, readSync } from 'node:fs';
import { endianness } from 'node:os';
import { join } from 'node:path';

/**
 * Call before LMDB opens a folder. Opening a file that is no LMDB environment ends the whole process with a
 * segmentation fault, and reading beyond the end of a truncated one with a bus error; no `catch` sees either.
 *
 * A truncated file is lengthened again with zeros, which changes nothing that is there: what is missing then
 * shows as an error of LMDB or of the reader's checksum. It can't be refused by its length alone, since LMDB
 * itself leaves the last pages unwritten when it has no use for them.
 *
 * @throws Error when `data.mdb` is there and is no LMDB environment.
 */
export function makeLmdbFileSafeToOpen(folder: string): void {
  const path = join(folder, 'data.mdb');
  if (!existsSync(path)) return;
  const file = openSync(path, 'r+');
  try {
    const { size } = fstatSync(file);
    // LMDB begins an empty file anew.
    if (size === 0) return;
    const first = readMeta(file, 0);
    const second = first === undefined ? undefined : readMeta(file, first.pageBytes);
    if (first === undefined || second === undefined) {
      throw new Error(`${path} is not an LMDB database, or its first pages are damaged`);
    }
    const lastPage = Math.max(first.lastPage, second.lastPage);
    const neededBytes = (lastPage + 1) * first.pageBytes;
    if (size < neededBytes) ftruncateSync(file, neededBytes);
  } finally {
    closeSync(file);
  }
}

interface Meta {
  readonly pageBytes: number;
  readonly lastPage: number;
}

/** Reads one of the two meta pages; undefined where there is none. */
function readMeta(file: number, position: number): Meta | undefined {
  const page = Buffer.alloc(metaLayout.byteLength);
  if (readSync(file, page, 0, page.length, position) < page.length) return undefined;
  if (readUint32(page, metaLayout.magic) !== magic) return undefined;
  const pageBytes = readUint32(page, metaLayout.pageBytes);
  const isPageSize = pageBytes >= 256 && pageBytes <= 65_536 && (pageBytes & (pageBytes - 1)) === 0;
  const lastPage = Number(
    isLittleEndian ? page.readBigUInt64LE(metaLayout.lastPage) : page.readBigUInt64BE(metaLayout.lastPage),
  );
  return isPageSize && lastPage < lastPageMax ? { pageBytes, lastPage } : undefined;
}

function readUint32(page: Buffer, at: number): number {
  return isLittleEndian ? page.readUInt32LE(at) : page.readUInt32BE(at);
}

/** In lmdb-js 3, on 64-bit machines: a page header of 24 bytes, then LMDB's `MDB_meta`. */
const metaLayout = { magic: 24, pageBytes: 48, lastPage: 144, byteLength: 152 } as const;
const magic = 0xbeefc0de;
/** 2^40 pages are more than any disk holds; beyond it the number is damaged. */
const lastPageMax = 2 ** 40;
/** LMDB writes numbers as its machine does. */
const isLittleEndian = endianness() === 'LE';
