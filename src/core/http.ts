/**
 * `node:http` without the import statement: as an ES module, all its exports are read at once, among them getters that load
 * the whole of fetch. Measured on Node 26: 60 MiB and 110 ms of CPU with `import`, 45 MiB and 40 ms this way.
 */
export const http = process.getBuiltinModule('node:http')

/** Loaded when the first `https:` address asks for it. */
export const https = (): typeof import('node:https') => process.getBuiltinModule('node:https')
