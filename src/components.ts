/** The one list of components. Each is imported when something asks for it: what is not configured costs no memory. */
export const components = {
  inputs: {
    file: () => import('./inputs/file.ts').then(room => room.file),
    containers: () => import('./inputs/containers.ts').then(room => room.containers),
    probe: () => import('./inputs/probe.ts').then(room => room.probe)
  },
  parsers: {
    access: () => import('./parsers/access.ts').then(room => room.access),
    auto: () => import('./parsers/auto.ts').then(room => room.auto),
    csv: () => import('./parsers/csv.ts').then(room => room.csv),
    dissect: () => import('./parsers/dissect.ts').then(room => room.dissect),
    grok: () => import('./parsers/grok.ts').then(room => room.grok),
    java: () => import('./parsers/java.ts').then(room => room.java),
    json: () => import('./parsers/json.ts').then(room => room.json),
    klog: () => import('./parsers/klog.ts').then(room => room.klog),
    logfmt: () => import('./parsers/logfmt.ts').then(room => room.logfmt),
    postgres: () => import('./parsers/postgres.ts').then(room => room.postgres),
    python: () => import('./parsers/python.ts').then(room => room.python),
    redis: () => import('./parsers/redis.ts').then(room => room.redis),
    regex: () => import('./parsers/regex.ts').then(room => room.regex),
    raw: () => import('./parsers/raw.ts').then(room => room.raw),
    syslog: () => import('./parsers/syslog.ts').then(room => room.syslog)
  },
  processors: {
    normalize: () => import('./processors/normalize/index.ts').then(room => room.normalize),
    drop: () => import('./processors/select.ts').then(room => room.drop),
    keep: () => import('./processors/select.ts').then(room => room.keep),
    convert: () => import('./processors/convert/index.ts').then(room => room.convert),
    parse: () => import('./processors/parse/index.ts').then(room => room.parse),
    remove: () => import('./processors/remove.ts').then(room => room.remove),
    rename: () => import('./processors/rename.ts').then(room => room.rename),
    set: () => import('./processors/set.ts').then(room => room.set),
    redact: () => import('./processors/redact/index.ts').then(room => room.redact),
    sample: () => import('./processors/sample.ts').then(room => room.sample),
    throttle: () => import('./processors/throttle.ts').then(room => room.throttle),
    dedupe: () => import('./processors/dedupe.ts').then(room => room.dedupe),
    metrics: () => import('./processors/metrics/index.ts').then(room => room.metrics)
  },
  outputs: {
    elasticsearch: () => import('./outputs/elasticsearch/index.ts').then(room => room.elasticsearch),
    otlp: () => import('./outputs/otlp/index.ts').then(room => room.otlp),
    file: () => import('./outputs/file/index.ts').then(room => room.file),
    stdout: () => import('./outputs/stdout.ts').then(room => room.stdout),
    null: () => import('./outputs/null.ts').then(room => room.nowhere)
  },
  queries: () => import('./logql/filter.ts'),
  patterns: () => import('./scan/regex/compile.ts'),
  templates: () => import('./rules/notify/templates.ts'),
  paths: () => import('./inputs/file/glob.ts'),
  rules: () => import('./rules/load.ts')
} as const
