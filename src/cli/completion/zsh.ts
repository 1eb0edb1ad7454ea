import { allOf, type Grammar, quoted } from './grammar.ts'

/** A script for zsh. */
export function zshScript(program: Grammar): string {
  const all = allOf(program)
  const paths = all.flatMap(({ path }) => (path === '' ? [] : [quoted(path)]))
  const values = all.flatMap(({ path, options }) =>
    options.flatMap(({ names, takesValue, values: own }) => {
      if (!takesValue) return []
      const offered = own.length === 0 ? '_files' : `compadd -- ${own.map(quoted).join(' ')}`
      return [`    ${names.map(name => quoted(`${path} ${name}`)).join('|')}) ${offered}; return ;;`]
    })
  )
  const words = all.map(({ path, verbs, options, values: own }) => {
    const described = options.flatMap(({ names, summary }) => names.map(name => entry(name, summary)))
    const first = [...verbs.map(verb => entry(verb.name, verb.summary)), ...own.map(quoted)]
    return `    ${quoted(path)}) first=(${first.join(' ')}) options=(${described.join(' ')}) ;;`
  })
  return `#compdef mcp-collector
# Completion of mcp-collector for zsh: source <(mcp-collector completion zsh), behind compinit
_mcp_collector() {
  local verb= i
  local -a first options
  for ((i = 2; i < CURRENT; i++)); do
    case "$verb/$words[i]" in
      ${paths.join('|')}) verb+=/$words[i] ;;
    esac
  done
  case "$verb $words[CURRENT-1]" in
${values.join('\n')}
  esac
  case "$verb" in
${words.join('\n')}
  esac
  if [[ $PREFIX == -* ]]; then
    _describe option options
  elif (( $#first )); then
    _describe argument first
  else
    _files
  fi
}
compdef _mcp_collector mcp-collector`
}

/** `name:summary`, as _describe takes it. */
function entry(name: string, summary: string): string {
  return quoted(`${name.replaceAll(':', '\\:')}:${summary}`)
}
