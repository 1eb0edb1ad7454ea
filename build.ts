/** `npm run build`: bundles the program into dist/, so that it starts with few files and without type stripping. */
import { rmSync } from 'node:fs'
import { build, type BuildOptions, type Plugin } from 'esbuild'

/**
 * Modules of Node.js, without the import statement: that reads all their exports, among them getters that load other modules
 * (`node:fs` has streams, `node:crypto` all of Web Crypto, `node:http` all of fetch), in every thread.
 */
const builtins: Plugin = {
  name: 'builtins',
  setup(bundle) {
    bundle.onResolve({ filter: /^node:/ }, ({ path, kind }) =>
      kind === 'import-statement' ? { path, namespace: 'builtins', sideEffects: false } : { path, external: true }
    )
    bundle.onLoad({ filter: /.*/, namespace: 'builtins' }, ({ path }) => {
      const exports = Object.getOwnPropertyDescriptors(process.getBuiltinModule(path))
      const names = Object.keys(exports).filter(name => exports[name].get === undefined)
      const contents = `const builtin = process.getBuiltinModule('${path}'); export default builtin; export const { ${names.join(', ')} } = builtin`
      return { contents }
    })
  }
}

const options: BuildOptions & { metafile: true } = {
  outdir: 'dist',
  entryNames: '[name]',
  chunkNames: '[name]-[hash]',
  bundle: true,
  // What is imported late stays in a file of its own, and costs nothing until then.
  splitting: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'linked',
  metafile: true,
  plugins: [builtins],
  // Packages that are CommonJS call `require`, for modules of Node.js alone: all others are in the bundle.
  banner: { js: 'const require=process.getBuiltinModule;' }
}

rmSync('dist', { recursive: true, force: true })
const sizes = new Map<string, number>()
// A build for each thread: what both need would otherwise lie in dozens of small files between them, and no thread can use what another
// has loaded. All lie side by side: code that looks for its neighbours (the shard's entry) finds them from any of them.
for (const entry of ['src/main.ts', 'src/pipeline/shard-main.ts']) {
  const { metafile, warnings } = await build({ ...options, entryPoints: [entry] })
  for (const { text } of warnings) console.warn(text)
  for (const [file, { bytes }] of Object.entries(metafile.outputs)) sizes.set(file, bytes)
}
const bytes = [...sizes.values()].reduce((sum, size) => sum + size, 0)
console.log(`dist: ${sizes.size} files, ${(bytes / 2 ** 20).toFixed(1)} MiB`)
