/** What other tools call our keys; the first that exists at the place is meant. Compared without case, `_`, `-` and `.`. */
const otherKeys: Aliases = aliases([
  ['url urls uri uris host hosts addr address addresses server servers node nodes', 'endpoints', 'endpoint', 'listen'],
  ['endpoint', 'endpoints', 'listen'],
  ['endpoints', 'endpoint', 'listen'],
  ['bind bindaddress port', 'listen'],
  ['path file files filename include includes glob globs pattern patterns', 'paths', 'path', 'ca_file'],
  ['excludefiles excludepaths excludes excludefilenamepatterns', 'exclude'],
  ['username login', 'user', 'username', 'basic'],
  ['pass passwd pwd', 'password'],
  ['apitoken key', 'api_key', 'key_file'],
  ['authtoken bearertoken bearer', 'token'],
  ['ca cacert cafile certificateauthorities cacertificate', 'ca_file'],
  ['cert crt certificate certfile', 'cert_file'],
  ['keyfile privatekey', 'key_file'],
  ['ssl https', 'tls'],
  ['codec format decoder decoding', 'parser'],
  ['fields labels tags attributes extrafields', 'resource'],
  ['startat startposition startfrom readfrom frombeginning tail seek readfromhead', 'read_from', 'start_from'],
  ['ignoreoldersecs ignoreolderthan maxage', 'ignore_older', 'max_age'],
  ['maxlinesize maxlinelength maxlogsize maxbytes messagemaxbytes', 'max_line_bytes', 'max_bytes'],
  ['severity verbosity loglevel', 'level'],
  ['datadir datapath pathdata storage storagepath registry positions positionsfile dbpath', 'state_dir'],
  ['hostname nodename', 'host_name'],
  ['workers worker threads concurrency parallelism', 'max_concurrency', 'shards'],
  ['maxinflight queue buffer membuflimit', 'max_in_flight_bytes'],
  ['draintime gracetime graceperiod shutdowntimeout', 'drain_timeout'],
  ['sources source receivers receiver input', 'inputs'],
  ['sinks sink exporters exporter destinations output', 'outputs'],
  ['transforms transform processors processor processing filters filter steps', 'process'],
  ['service routes flows', 'pipelines'],
  ['api http web', 'server'],
  ['telemetry prometheus monitoring', 'metrics'],
  ['logging logs logger', 'log'],
  ['global globals settings agent', 'collector'],
  ['batchsize bulk bulkmaxsize batching', 'batch', 'max_bytes'],
  ['flushinterval flushtimeout timeoutsecs linger interval', 'flush'],
  ['backoff retries maxretries retrypolicy retrylimit', 'retry'],
  ['initial init initialinterval backoffinit', 'min'],
  ['maxinterval maxbackoff backoffmax maxelapsedtime', 'max'],
  ['deadletter deadletterqueue dlq', 'dead_letters'],
  ['whenfullpolicy overflow onfull', 'when_full'],
  ['app application servicename', 'service'],
  ['index indexname datastream', 'dataset'],
  ['kind driver plugin', 'type', 'use'],
  ['type name parser', 'use'],
  ['compression compress compressionlevel gziplevel', 'gzip_level', 'gzip', 'compression'],
  ['rule', 'rules', 'groups'],
  ['rules rulegroups', 'groups'],
  ['alertname alerting', 'alert'],
  ['recording metric', 'record'],
  ['query expression condition promql logql', 'expr'],
  ['pending duration wait holdduration', 'for'],
  ['keepfiring', 'keep_firing_for'],
  ['every period', 'interval'],
  ['addfields addfield modify mutate upsert insert copyfields', 'set'],
  ['dropfields dropfield removefields removekey deletefields delete del', 'remove'],
  ['renamefields move', 'rename'],
  ['typeconverter cast coerce', 'convert'],
  ['decodejsonfields decodejson parsejson dissect grok regex', 'parse'],
  ['severity team', 'labels'],
  ['summary description runbook runbookurl message', 'annotations']
])

/** What other tools, and people, call our components and choices. */
const otherValues: Aliases = aliases([
  ['tail filestream log filelog files logfile', 'file'],
  ['container docker kubernetes k8s cri dockerlogs kuberneteslogs podman', 'containers'],
  ['es elastic opensearch', 'elasticsearch'],
  ['console terminal print debug tty', 'stdout', 'debug'],
  ['blackhole discard nowhere devnull drop', 'null', 'drop'],
  ['plain none text line lines', 'raw'],
  ['keyvalue kv', 'logfmt'],
  ['ndjson jsonl jsonlines', 'json'],
  ['guess detect automatic', 'auto'],
  ['start head oldest earliest', 'beginning'],
  ['tail newest latest', 'end', 'now'],
  ['block wait stop backpressure', 'pause'],
  ['discard dropoldest dropnewest', 'drop'],
  ['warning', 'warn'],
  ['fatal critical err', 'error'],
  ['trace verbose', 'debug'],
  ['notice', 'info'],
  ['integer long', 'int'],
  ['double number', 'float'],
  ['boolean', 'bool'],
  ['size', 'bytes'],
  ['time date datetime', 'timestamp'],
  ['text str', 'string']
])

type Aliases = ReadonlyMap<string, readonly string[]>

function aliases(rows: readonly (readonly string[])[]): Aliases {
  const all = new Map<string, readonly string[]>()
  for (const [names, ...meant] of rows) {
    for (const name of names!.split(' ')) all.set(name, [...(all.get(name) ?? []), ...meant])
  }
  return all
}

/** Keys that one section has and people look for in the other. */
const owners: Readonly<Record<string, string>> = { start_from: 'outputs', read_from: 'inputs' }

/** The section that has the key instead of this one. */
export function ownerOf(key: string, section: unknown): string | undefined {
  const owner = owners[key]
  return (section === 'inputs' || section === 'outputs') && owner !== section ? owner : undefined
}

/** How configurations of other tools show at the start of a line. */
const otherTools: readonly (readonly [string, RegExp])[] = [
  ['Fluent Bit', /^[ \t]*\[(?:service|input|filter|output|parser|multiline_parser)\]/im],
  ['Fluent Bit', /^pipeline:[ \t]*$(?=[^]*?^[ \t]+- name:)/m],
  ['Filebeat', /^(?:filebeat|setup|output\.(?:elasticsearch|logstash|kafka|file|console|redis))[.:]/m],
  ['Vector', /^(?:sinks:|\[(?:sources|transforms|sinks)\.)/m],
  ['the OpenTelemetry Collector', /^(?:receivers|exporters):/m]
]

/** The tool whose configuration a text is, and where that shows. */
export function toolOf(text: string): { readonly tool: string; readonly offset: number } | undefined {
  if (/^version[ \t]*:/m.test(text)) return undefined
  for (const [tool, sign] of otherTools) {
    const offset = text.search(sign)
    if (offset >= 0) return { tool, offset }
  }
  return undefined
}

export function suggestKey(key: string, known: readonly string[]): string | undefined {
  return suggest(key, known, otherKeys)
}

export function suggestValue(value: string, known: readonly string[]): string | undefined {
  return suggest(value, known, otherValues)
}

function suggest(wrong: string, known: readonly string[], aliases: Aliases): string | undefined {
  const bare = plain(wrong)
  if (bare === '') return undefined
  const same = known.find(name => plain(name) === bare)
  if (same !== undefined) return same
  const near = nearest(bare, known)
  if (near && near.distance === 1 && bare.length > 3) return near.name
  const meant = aliases.get(bare)?.find(name => known.includes(name))
  if (meant !== undefined) return meant
  const limit = bare.length < 4 ? 1 : bare.length < 7 ? 2 : 3
  if (near && near.distance <= limit) return near.name
  if (bare.length < 3) return undefined
  return known.find(name => plain(name).length > 2 && (plain(name).startsWith(bare) || bare.startsWith(plain(name))))
}

function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, '')
}

function nearest(bare: string, known: readonly string[]): { name: string; distance: number } | undefined {
  return known
    .map(name => ({ name, distance: distance(bare, plain(name)) }))
    .filter(({ name, distance }) => distance < plain(name).length)
    .sort((a, b) => a.distance - b.distance)[0]
}

/** Edits between two words; two letters in wrong order are one edit (Damerau-Levenshtein, restricted). */
function distance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 3 || a.length > 64) return Infinity
  let before: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      row.push(
        Math.min(
          last[j]! + 1,
          row[j - 1]! + 1,
          last[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1),
          swapped ? before[j - 2]! + 1 : Infinity
        )
      )
    }
    before = last
    last = row
  }
  return last[b.length]!
}
