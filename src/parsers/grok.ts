import { defineParser } from '../config/define.ts'
import { readGrok } from '../scan/grok.ts'
import { compileFields, type GroupFinder } from '../scan/regex/compile.ts'
import { PatternFault } from '../scan/regex/syntax.ts'
import { groupParser } from './group-fields.ts'

/** Reads rows by patterns with names. */
export const grok = defineParser({
  name: 'grok',
  summary: "Makes fields by patterns that have names, as Logstash's grok; all of them are linear.",
  options: types => ({
    pattern: types.text(
      'As `%{IPORHOST:source.address} %{NUMBER:took:float} %{GREEDYDATA:message}`, with anything of RE2 syntax between. It is looked for anywhere; `^` and `$` are the ends of the row.'
    ),
    patterns: types
      .map('Further patterns, by names of your own.', types.text('A pattern, which may have others in it.'))
      .default({})
  }),
  faultIn: ({ pattern, patterns }) => {
    const made = compiled(pattern, patterns)
    return typeof made === 'string' ? made : undefined
  },
  examples: [
    {
      title: 'Fields and numbers',
      config:
        "pattern: '^%{IP:source.address} %{WORD:http.request.method} %{URIPATHPARAM:url.original} %{INT:bytes:int} %{NUMBER:took:float}$'",
      input: '55.3.244.1 GET /index.html 15824 0.043',
      output: {
        'source.address': '55.3.244.1',
        'http.request.method': 'GET',
        'url.original': '/index.html',
        bytes: 15824,
        took: 0.043
      }
    },
    {
      title: 'A pattern of its own',
      config: "pattern: '%{SYSLOGBASE} %{QUEUE:queue}: %{GREEDYDATA:message}'\npatterns: { QUEUE: '[0-9A-F]{10,11}' }",
      input: 'Jan  1 06:25:43 mailserver14 postfix/cleanup[21403]: BEF25A72965: message-id=<1@a>',
      output: {
        timestamp: 'Jan  1 06:25:43',
        'host.hostname': 'mailserver14',
        'process.name': 'postfix/cleanup',
        'process.pid': 21403,
        queue: 'BEF25A72965',
        message: 'message-id=<1@a>'
      }
    },
    {
      title: 'A row that does not match stays text',
      config: "pattern: '^%{IP:source.address} '",
      input: 'Nobody is here',
      output: { 'error.type': 'grok' }
    }
  ],
  create({ pattern, patterns }, { keys }) {
    const made = compiled(pattern, patterns)
    if (typeof made === 'string') throw new Error(made)
    return groupParser('grok', made.finder, made, keys)
  }
})

interface Compiled {
  readonly finder: GroupFinder
  readonly names: readonly string[]
  readonly numbers: ReadonlySet<string>
}

/** Or what is wrong with it. */
function compiled(pattern: string, patterns: Readonly<Record<string, string>>): Compiled | string {
  const grok = readGrok(pattern, patterns)
  if (typeof grok === 'string') return `the pattern: ${grok}`
  try {
    const finder = compileFields(grok.pattern)
    const names = finder.names.map(name => grok.fields.get(name) ?? name)
    if (names.length === 0) return 'the pattern has no field: %{NAME:field}'
    const twice = names.find((name, index) => names.indexOf(name) !== index)
    return twice === undefined ? { finder, names, numbers: grok.numbers } : `the pattern has the field "${twice}" twice`
  } catch (error) {
    if (!(error instanceof PatternFault)) throw error
    return `the pattern, with what its names stand for: ${error.message}`
  }
}
