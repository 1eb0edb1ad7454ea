/**
 * Bugs that have lost or doubled data in other collectors, to be put in on purpose: the tests are tested by whether they find them
 * (`npm run torture -- --mutations`). `MCP_COLLECTOR_SEEDED_BUG=drop-fsync` puts one in, but only below a test runner, and only
 * into sources: a built package never has one.
 */
export const seededBugs = {
  'ack-before-fsync': 'Rows are sent before what must be stored first is durable',
  'drop-fsync': 'The state is told to be durable without fsync',
  'offset-on-emit': 'Cursors stand where was read, not where was settled',
  'ignore-eio': 'A commit that failed counts as done',
  'glob-error-is-empty': 'Files in a folder that can not be listed count as deleted',
  'letters-behind-cursor': 'Dead letters are stored after the cursors that pass them',
  'unlink-before-ledger': 'A source is let go before its account is stored',
  '409-is-an-error': 'A row that is there already counts as refused',
  'drop-on-413': 'All rows of a request that is too large are given up',
  'backoff-reset': 'Each attempt begins with a look whether the server is there, and a good one ends the backoff',
  'naive-utf8': 'A long line is cut at a byte, inside of a character',
  'resume-from-pending': 'A source that is opened again goes on where was read, not where was settled'
} as const
export type SeededBug = keyof typeof seededBugs

const isTested = import.meta.url.endsWith('.ts') && process.env['VITEST'] !== undefined
const seeded = isTested ? process.env['MCP_COLLECTOR_SEEDED_BUG'] : undefined

/** Ask once, when the module is loaded. */
export function hasBug(bug: SeededBug): boolean {
  return bug === seeded
}
