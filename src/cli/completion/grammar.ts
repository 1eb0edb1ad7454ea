import type { Command } from 'commander'

/** What may be typed behind a verb, or a verb of a verb. */
export interface Grammar {
  /** `/rules/check`; empty: the program itself. */
  readonly path: string
  readonly name: string
  readonly summary: string
  readonly verbs: readonly Grammar[]
  readonly options: readonly GrammarOption[]
  /** Values of the first argument, where just these are possible; else files are offered. */
  readonly values: readonly string[]
}

export interface GrammarOption {
  /** `--log-level`, `-n`. */
  readonly names: readonly string[]
  readonly summary: string
  readonly takesValue: boolean
  /** The values that are possible; empty: any, files are offered. */
  readonly values: readonly string[]
}

/** Of a command as commander has it. */
export function grammarOf(command: Command, path = ''): Grammar {
  const help = { names: ['--help', '-h'], summary: 'display help for command', takesValue: false, values: [] }
  const options = command.options.map(({ long, short, description, required, optional, argChoices }) => ({
    names: [long, short].filter(name => name !== undefined && name !== null),
    summary: description,
    takesValue: required || optional,
    values: argChoices ?? []
  }))
  return {
    path,
    name: command.name(),
    summary: command.description(),
    verbs: command.commands.map(verb => grammarOf(verb, `${path}/${verb.name()}`)),
    options: [...options, help],
    values: command.registeredArguments[0]?.argChoices ?? []
  }
}

/** It and all below it. */
export function allOf(grammar: Grammar): Grammar[] {
  return [grammar, ...grammar.verbs.flatMap(allOf)]
}

/** In single quotes, for a shell. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
