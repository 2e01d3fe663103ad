import { runTaskManagerThread } from '#dist/task-manager/task-manager-thread.js';

/** The entry of a TaskManager's thread: piscina calls it once, for one execution attempt. */
export default runTaskManagerThread;
