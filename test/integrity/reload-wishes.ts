import type { Dice } from './dice.ts'

/** What a configuration has; the rest is always there. */
export interface Wish {
  readonly extra: boolean
  readonly second: boolean
  readonly failing: boolean
  /** Options of the outputs, of the extra input and of the steps. */
  readonly batchKiB: number
  readonly service: number
  readonly steps: number
}

export const everything: Wish = { extra: true, second: true, failing: false, batchKiB: 512, service: 0, steps: 0 }

/** How a configuration can be refused. */
export const mistakes: readonly ((text: string) => string)[] = [
  text => text.slice(0, text.length / 2),
  text => text.replace('paths:', 'path:'),
  text => `${text}nonsense: true\n`,
  text => text.replace('outputs: [es', 'outputs: [es, nobody'),
  text => text.replace('drain_timeout: 5s', 'drain_timeout: ${NOBODY_SETS_THIS}'),
  text => text.replace('drain_timeout: 5s', 'host_name: another'),
  () => ''
]

/** The same with something else. */
export function anotherWish(before: Wish, dice: Dice): Wish {
  const wish = { ...before }
  const flips: (() => void)[] = [
    () => void (wish.extra = !wish.extra),
    () => void (wish.second = !wish.second),
    () => void (wish.failing = !wish.failing),
    () => void (wish.batchKiB = dice.between(64, 1024)),
    () => void (wish.service = dice.between(0, 1000)),
    () => void (wish.steps = dice.between(0, 1000))
  ]
  for (let left = dice.between(1, 2); left > 0; left--) dice.one(flips)()
  return wish
}

interface Places {
  readonly logs: string
  /** Of the stores of the outputs. */
  readonly es: string
  readonly second: string
  readonly failing: string
}

/** The configuration, as YAML. */
export function configOf({ extra, second, failing, batchKiB, service, steps }: Wish, places: Places): string {
  const inputs = extra ? 'main, extra' : 'main'
  const own = `type: elasticsearch, retry: { min: 100ms, max: 1s }, batch: { max_bytes: ${batchKiB}KiB }`
  const output = (name: string, url: string): string => `  ${name}: { ${own}, endpoints: ["${url}"] }\n`
  const lines = [
    'version: 1\ncollector: { drain_timeout: 5s }\nserver: { listen: "127.0.0.1:0" }\ninputs:\n',
    `  rotating: { type: file, paths: ["${places.logs}/r*.log*"] }\n`,
    `  main: { type: file, paths: ["${places.logs}/s[01].log"] }\n`,
    extra ? `  extra: { type: file, paths: ["${places.logs}/s[23].log"], service: s${service} }\n` : '',
    'outputs:\n',
    output('es', places.es),
    second ? output('second', places.second).replace(own, `${own}, start_from: beginning`) : '',
    failing ? output('failing', places.failing) : '',
    `pipelines:\n  one: { inputs: [rotating, ${inputs}], outputs: [es${failing ? ', failing' : ''}] }\n`,
    second
      ? `  two: { inputs: [${inputs}], outputs: [second], process: [{ normalize: { service: p${steps} } }] }\n`
      : ''
  ]
  return lines.join('')
}
