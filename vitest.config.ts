import { defineConfig } from 'vitest/config';

/** They hold the runtime to times of half a second or one, which other tests on the same two cores would spoil. */
const timedTests = ['test/integration/worker-failures.test.ts', 'test/integration/restart-time.test.ts'];

export default defineConfig({
  test: {
    globalSetup: './test/kafka-broker/fetch-kafka.ts',
    reporters: ['default', './test/reporters/summary-line.ts'],
    testTimeout: 30_000,
    hookTimeout: 120_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'all',
          include: ['test/**/*.test.ts'],
          exclude: timedTests,
          // Integration tests own real threads, brokers and killed processes: more of them at once than a small
          // machine has cores would measure each other.
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: { name: 'timed', include: timedTests, maxWorkers: 1, sequence: { groupOrder: 1 } },
      },
    ],
  },
});
