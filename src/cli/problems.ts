import { formatProblem, type Problem } from '../config/problems.ts'
import { exitCodes } from '../core/errors.ts'
import { printable, type Terminal } from './terminal.ts'

/** Tells all mistakes in files, to people or as JSON to programs. Returns the exit code that says so. */
export function refuse(problems: readonly Problem[], { out, err }: Terminal, isJson = false): number {
  if (isJson) out.line(JSON.stringify({ ok: false, problems }))
  else for (const problem of problems) err.line(printable(formatProblem(problem)))
  return exitCodes.badConfiguration
}
