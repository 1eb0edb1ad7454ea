/** `npm run build`: bundles the program into dist/, so that it starts with few files and without type stripping. */
import { rmSync } from 'node:fs'
import { build } from 'esbuild'

rmSync('dist', { recursive: true, force: true })
const { metafile, warnings } = await build({
  // Each thread has an entry of its own. What is imported late stays in a file of its own, and costs nothing until then.
  // All lie side by side: code that looks for its neighbours (the shard's entry) finds them from any of them.
  entryPoints: ['src/main.ts', 'src/pipeline/shard-main.ts'],
  outdir: 'dist',
  entryNames: '[name]',
  chunkNames: '[name]-[hash]',
  bundle: true,
  splitting: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'linked',
  metafile: true,
  // Packages that are CommonJS call `require` for the modules of Node.js.
  banner: { js: "import{createRequire as __from}from'node:module';const require=__from(import.meta.url);" }
})
for (const { text } of warnings) console.warn(text)
const bytes = Object.values(metafile.outputs).reduce((sum, output) => sum + output.bytes, 0)
console.log(`dist: ${Object.keys(metafile.outputs).length} files, ${(bytes / 2 ** 20).toFixed(1)} MiB`)
