/** Threads of this process that hang in a system call. Only the end of the process ends them, and `process.exit` would wait for them. */
export const hungThreads = new Set<unknown>()
