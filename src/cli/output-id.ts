import { oneOf } from '../config/wording.ts'
import { ExitError, exitCodes } from '../core/errors.ts'

const implied = 'default/'

/** Outputs are known as `pipeline/name`; people leave the pipeline out where there is just one. */
export function outputId(name: string): string {
  return name.includes('/') ? name : implied + name
}

/** The other way round, for tables. */
export function outputName(id: string): string {
  return id.startsWith(implied) ? id.slice(implied.length) : id
}

/** For a name that no output has. */
export function noOutput(name: string, known: Iterable<string>): ExitError {
  const names = [...known].map(outputName)
  const rest = names.length === 0 ? 'none has rows yet' : `known are ${oneOf(names)}`
  return new ExitError(`There is no output "${name}": ${rest}`, exitCodes.failed)
}
