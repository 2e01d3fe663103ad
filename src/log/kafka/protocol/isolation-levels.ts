import type { Isolation } from '../../log-port.js';

export const isolationLevels: Readonly<Record<Isolation, number>> = {
  read_uncommitted: 0,
  read_committed: 1,
};
