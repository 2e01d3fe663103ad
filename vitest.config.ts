import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: './test/kafka-broker/fetch-kafka.ts',
    reporters: ['default', './test/reporters/summary-line.ts'],
    // Integration tests own real threads, brokers and killed processes: more of them at once than a small
    // machine has cores would measure each other.
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 120_000,
  },
});
