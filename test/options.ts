import { InvalidArgumentError } from 'commander'

/** A whole number, as an option of the command line. */
export function whole(least: number): (text: string) => number {
  return text => {
    if (!/^\d+$/.test(text) || Number(text) < least)
      throw new InvalidArgumentError(`Give a whole number from ${least} on.`)
    return Number(text)
  }
}

/** Some of these names, with commas between them. */
export function someOf(names: readonly string[]): (text: string) => string[] {
  return text => {
    const chosen = text.split(',')
    const unknown = chosen.find(name => !names.includes(name))
    if (unknown !== undefined)
      throw new InvalidArgumentError(`There is no "${unknown}", but there are ${names.join(', ')}.`)
    return chosen
  }
}
