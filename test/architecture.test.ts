import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { components } from '../src/components.ts'
import { reference } from '../src/config/reference.ts'
import { pageMarkdown } from '../src/config/reference-page.ts'

const src = resolve(import.meta.dirname, '../src')

const shared = ['delivery', 'logql']
const componentRooms = ['inputs', 'parsers', 'processors', 'outputs', 'rules']
const ground = ['scan', 'state', 'config', 'core']
/** Which rooms a room may import, itself apart. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  core: [],
  config: ['core'],
  scan: ['core'],
  state: ['core'],
  delivery: ground,
  logql: ground,
  inputs: [...shared, ...ground],
  parsers: [...shared, ...ground],
  processors: [...shared, ...ground],
  outputs: [...shared, ...ground],
  rules: [...shared, ...ground],
  'components.ts': [...componentRooms, 'logql', 'scan'],
  pipeline: ['components.ts', ...componentRooms, ...shared, ...ground],
  server: ['pipeline', 'components.ts', ...componentRooms, ...shared, ...ground],
  cli: ['server', 'pipeline', 'components.ts', ...componentRooms, ...shared, ...ground],
  'main.ts': ['cli', 'core']
}

const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.ts'))

test('each room imports only rooms below it', () => {
  const broken: string[] = []
  for (const file of files) {
    const room = file.split('/')[0]!
    for (const { path, isType } of importsOf(file)) {
      if (!path.startsWith('.')) {
        if (room === 'core' && !path.startsWith('node:'))
          broken.push(`${file}: core may import node: modules only, not ${path}`)
        if (path === 'zod' && room !== 'config' && !isType) broken.push(`${file}: only config/ loads zod at run time`)
        continue
      }
      const other = relative(src, resolve(src, dirname(file), path)).split('/')[0]!
      if (other === room || allowed[room]?.includes(other)) continue
      if (other === '..' && path.endsWith('package.json')) continue
      broken.push(`Cannot import "${path}" from ${file}: ${room} may not depend on ${other}`)
    }
  }
  expect(broken).toEqual([])
})

/** What compiles queries and patterns, and those who have some: all parsers but those that `auto` knows and all steps but the one that
 * every pipeline has, for example. */
function isLate(file: string): boolean {
  const users = [
    'pipeline/routing.ts',
    'pipeline/tail-view.ts',
    'inputs/framing/pattern-grouping.ts',
    'cli/backtest-report.ts',
    'cli/explain-report.ts'
  ]
  if (file.startsWith('parsers/') && !/\/(auto|first-of|formats|json|logfmt|raw|refuse)\.ts$/.test(file)) return true
  if (file.startsWith('processors/') && !file.startsWith('processors/normalize/')) return true
  // agents are seen by all collectors, without a query
  if (file.startsWith('rules/agents/')) return false
  return (
    /^(?:logql|scan\/regex|rules|pipeline\/backtest|pipeline\/detect|pipeline\/trace|pipeline\/tests)\//.test(file) ||
    users.includes(file)
  )
}

test('queries and patterns cost nothing where there are none', () => {
  const broken: string[] = []
  for (const file of files.filter(file => !isLate(file))) {
    for (const { path, isType, isDynamic } of importsOf(file)) {
      if (isType || isDynamic || !path.startsWith('.') || !isLate(relative(src, resolve(src, dirname(file), path))))
        continue
      broken.push(`Cannot import "${path}" from ${file} before it is needed: use import(…)`)
    }
  }
  expect(broken).toEqual([])
})

test('every folder of src is a room with a README', () => {
  const rooms = new Set(files.filter(file => file.includes('/')).map(file => file.split('/')[0]!))
  for (const room of rooms) {
    expect(allowed, `room ${room} is unknown`).toHaveProperty([room])
    const lines = readFileSync(join(src, room, 'README.md'), 'utf8')
      .trimEnd()
      .split('\n')
    expect(lines.length, `${room}/README.md has 5 to 40 lines`).toSatisfy((count: number) => count >= 5 && count <= 40)
  }
})

test('files stay short enough to read', () => {
  const long = files
    .filter(file => !file.endsWith('.wasm.ts'))
    .map(file => ({ file, lines: readFileSync(join(src, file), 'utf8').split('\n').length }))
    .filter(one => one.lines > 400)
  expect(long).toEqual([])
})

/* Here, so that whoever changes an option hears of it at once. */
test('docs/reference.md has the options as they are; UPDATE=1 writes it anew', async () => {
  const file = resolve(src, '../docs/reference.md')
  const pages = await reference(components, undefined, pageMarkdown)
  const text = `# Reference\n\nWhat \`mcp-collector reference --markdown\` prints.\n\n${'text' in pages ? pages.text : ''}`
  if (process.env['UPDATE'] === '1') writeFileSync(file, text)
  const isSame = readFileSync(file, 'utf8') === text
  expect(isSame, 'Write it anew: UPDATE=1 npx vitest run test/architecture.test.ts').toBe(true)
})

interface Import {
  readonly path: string
  readonly isType: boolean
  readonly isDynamic: boolean
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(src, file), 'utf8')
  const found: Import[] = []
  for (const match of text.matchAll(/^(?:import|export)\s+(type\s)?(?:[^'"]*?\sfrom\s+)?'([^']+)'/gm)) {
    found.push({ path: match[2]!, isType: match[1] !== undefined, isDynamic: false })
  }
  for (const match of text.matchAll(/\bimport\('([^']+)'\)/g))
    found.push({ path: match[1]!, isType: false, isDynamic: true })
  return found
}
