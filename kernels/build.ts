// Compiles the kernels to src/<room>/*.wasm.ts: `node kernels/build.ts`.
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { main } from 'assemblyscript/asc'

const folder = fileURLToPath(new URL('.', import.meta.url))
const options = [
  '-O3',
  '--enable',
  'simd',
  '--enable',
  'relaxed-simd',
  '--runtime',
  'stub',
  '--importMemory',
  '--noAssert',
  '--memoryBase',
  '0'
]

/** Kernels and the rooms that use them. */
export const kernels = {
  structure: 'scan',
  deflate: 'outputs',
  members: 'scan',
  search: 'scan',
  hints: 'scan',
  normalize: 'processors/normalize',
  document: 'outputs/elasticsearch'
} as const

/** The module text of src/<room>/<name>.wasm.ts. */
export async function compile(name: string): Promise<string> {
  let wasm: Uint8Array | undefined
  let messages = ''
  await main([`${name}.as.ts`, '--outFile', 'out.wasm', '--baseDir', folder, ...options], {
    writeFile(file, contents) {
      if (file === 'out.wasm') wasm = contents as Uint8Array
    },
    stderr: { write: text => (messages += String(text)) }
  })
  if (wasm === undefined) throw new Error(`Cannot compile "${name}.as.ts": ${messages}`)
  return [
    `/** kernels/${name}.as.ts, compiled by kernels/build.ts. */`,
    `export const ${name}Wasm =`,
    `  '${Buffer.from(wasm).toString('base64')}'`,
    ''
  ].join('\n')
}

if (import.meta.main) {
  for (const [name, room] of Object.entries(kernels)) {
    writeFileSync(new URL(`../src/${room}/${name}.wasm.ts`, import.meta.url), await compile(name))
  }
}
