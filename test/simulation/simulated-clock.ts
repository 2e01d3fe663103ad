export { SimulatedClock, SimulatedProcessClock } from '../../src/testing/simulated-clock.js';
