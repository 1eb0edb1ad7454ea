import { allOf, type Grammar, quoted } from './grammar.ts'

/** A script for bash. Where it offers nothing, readline offers files. */
export function bashScript(program: Grammar): string {
  const all = allOf(program)
  const paths = all.flatMap(({ path }) => (path === '' ? [] : [quoted(path)]))
  const values = all.flatMap(({ path, options }) =>
    options.flatMap(({ names, takesValue, values: own }) =>
      takesValue
        ? [`    ${names.map(name => quoted(`${path} ${name}`)).join('|')}) words=${quoted(own.join(' '))} ;;`]
        : []
    )
  )
  const words = all.map(({ path, verbs, options, values: own }) => {
    const names = options.flatMap(option => option.names)
    const first = verbs.length > 0 ? verbs.map(verb => verb.name) : own
    return `        ${quoted(path)}) words=${quoted(first.join(' '))} options=${quoted(names.join(' '))} ;;`
  })
  return `# Completion of mcp-collector for bash: source <(mcp-collector completion bash)
_mcp_collector() {
  local current=\${COMP_WORDS[COMP_CWORD]} verb= words= options= i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$verb/\${COMP_WORDS[i]}" in
      ${paths.join('|')}) verb+=/\${COMP_WORDS[i]} ;;
    esac
  done
  case "$verb \${COMP_WORDS[COMP_CWORD - 1]}" in
${values.join('\n')}
    *)
      case "$verb" in
${words.join('\n')}
      esac
      if [[ $current == -* ]]; then words=$options; fi
      ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _mcp_collector mcp-collector`
}
