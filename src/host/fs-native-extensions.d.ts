declare module 'fs-native-extensions' {
  /** Takes an exclusive lock on a byte range without waiting; false when another open file holds it. */
  export function tryLock(fd: number, offset: number, length: number): boolean;
}
