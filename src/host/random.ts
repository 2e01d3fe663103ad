/** Randomness as everything above the host sees it; the simulation seeds it. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** A new UUID (version 4 format). */
  uuid(): string;
}
