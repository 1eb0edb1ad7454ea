import { allOf, type Grammar, type GrammarOption } from './grammar.ts'

/** A script for fish. */
export function fishScript(program: Grammar): string {
  const lines = allOf(program).flatMap(grammar => [
    ...grammar.verbs.map(verb => verbLine(grammar, verb)),
    ...ownLines(grammar)
  ])
  return ['# Completion of mcp-collector for fish: mcp-collector completion fish | source', ...lines].join('\n')
}

function verbLine(of: Grammar, { name, summary }: Grammar): string {
  const isNext = of.verbs.map(verb => verb.name).join(' ')
  const condition =
    of.path === '' ? '__fish_use_subcommand' : `${isBehind(of)}; and not __fish_seen_subcommand_from ${isNext}`
  return `complete -c mcp-collector -f -n ${quoted(condition)} -a ${quoted(name)} -d ${quoted(summary)}`
}

function ownLines(grammar: Grammar): string[] {
  const where = `complete -c mcp-collector -n ${quoted(isBehind(grammar))}`
  const values = grammar.values.length === 0 ? [] : [`${where} -f -a ${quoted(grammar.values.join(' '))}`]
  return [...values, ...grammar.options.map(option => `${where} ${optionText(option)}`)]
}

function optionText({ names, summary, takesValue, values }: GrammarOption): string {
  const flags = names.map(name => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`))
  const value = values.length > 0 ? ` -x -a ${quoted(values.join(' '))}` : takesValue ? ' -r' : ''
  return `${flags.join(' ')}${value} -d ${quoted(summary)}`
}

/** The condition that its words were typed. */
function isBehind({ path }: Grammar): string {
  if (path === '') return '__fish_use_subcommand'
  const words = path.slice(1).split('/')
  return words.map(word => `__fish_seen_subcommand_from ${word}`).join('; and ')
}

/** In single quotes, where fish knows backslashes. */
function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}
