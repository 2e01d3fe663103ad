/** What a test imports from `'millrace/testing'`, under any test runner. */

export type { HarnessOptions, TestSnapshot } from './testing/abstract-harness.js';
export { type JobHarness, openJobHarness } from './testing/job-harness.js';
export { openHarness, type StreamsHarness } from './testing/streams-harness.js';
export type { TestInput } from './testing/test-input.js';
export type { OutputElement, TestOutput } from './testing/test-output.js';
