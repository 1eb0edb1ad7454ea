import { spawnSync } from 'node:child_process'
import { join, resolve } from 'node:path'

const compiler = process.env['CC'] ?? 'cc'

/** Builds a library of this folder to be preloaded into processes (`LD_PRELOAD`); returns its path, or undefined where that can not be
 * done: without a C compiler, or not on Linux. */
export function preloadable(source: string, folder: string): string | undefined {
  if (process.platform !== 'linux' || spawnSync(compiler, ['--version']).status !== 0) return undefined
  const library = join(folder, source.replace(/c$/, 'so'))
  const words = ['-Wall', '-shared', '-fPIC', '-O1', '-o', library, resolve(import.meta.dirname, source), '-ldl']
  const { stderr } = spawnSync(compiler, words, { encoding: 'utf8' })
  if (stderr !== '') throw new Error(`Cannot build "${source}": ${stderr}`)
  return library
}
