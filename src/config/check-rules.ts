import { Addresses, isNetwork } from '../core/addresses.ts'
import type { Binding } from './bind.ts'
import { childOf, entriesOf, type Entry, type Node, type ScalarNode, textOf } from './tree.ts'
import type { Path } from './wording.ts'

/** Types of webhooks that a secret is for. */
const signing = ['dingtalk', 'feishu']

/** Nobody is told twice, and nobody at an address that is refused. */
export function checkRules(rules: Node | undefined, binding: Binding): void {
  if (rules === undefined) return
  const { allow, deny } = networksOf(childOf(rules, 'network'))
  const addresses = new Addresses({ allow, deny })
  const seen = new Set<string>()
  const writers = childOf(rules, 'remote_write')
  for (const [index, item] of (writers?.kind === 'list' ? writers.items : []).entries()) {
    const url = item.kind === 'scalar' ? item.text : textOf(item, 'url')
    if (url !== undefined && URL.canParse(url))
      checkAddress(url, addresses, { path: ['rules', 'remoteWrite', index], binding })
  }
  for (const entry of entriesOf(childOf(rules, 'webhooks'))) checkWebhook(entry, addresses, binding)
  const receivers = childOf(rules, 'alertmanagers')
  for (const [index, item] of (receivers?.kind === 'list' ? receivers.items : []).entries()) {
    const url = item.kind === 'scalar' ? item.text : textOf(item, 'url')
    if (url === undefined || !URL.canParse(url)) continue
    const path = ['rules', 'alertmanagers', index, ...(item.kind === 'map' ? ['url'] : [])]
    checkAddress(url, addresses, { path, binding })
    const { origin, pathname } = new URL(url)
    const place = origin + pathname.replace(/\/$/, '')
    if (seen.has(place)) binding.report(path, `Duplicate Alertmanager "${place}": it would be told everything twice`)
    seen.add(place)
  }
}

function checkWebhook([name, { node }]: [string, Entry], addresses: Addresses, binding: Binding): void {
  const url = textOf(node, 'url')
  const path = ['rules', 'webhooks', name]
  if (url !== undefined && URL.canParse(url)) checkAddress(url, addresses, { path: [...path, 'url'], binding })
  const type = textOf(node, 'type')
  if (type !== undefined && textOf(node, 'secret') !== undefined && !signing.includes(type))
    binding.report([...path, 'secret'], `Cannot use "secret" for type "${type}": it does not sign`)
}

function checkAddress(url: string, addresses: Addresses, { path, binding }: { path: Path; binding: Binding }): void {
  const { hostname } = new URL(url)
  if (!addresses.refuses(hostname)) return
  binding.report(path, `Cannot send alerts to "${hostname}": name it in "rules.network.allow" if it is meant`)
}

/** As far as they are right; what is wrong with the rest is said by others. */
function networksOf(network: Node | undefined): { readonly allow: string[]; readonly deny: string[] } {
  const texts = (key: string): string[] => {
    const list = childOf(network, key)
    const scalars = (list?.kind === 'list' ? list.items : []).filter(
      (item): item is ScalarNode => item.kind === 'scalar'
    )
    return scalars.map(({ text }) => text)
  }
  return {
    allow: texts('allow').filter(isNetwork),
    deny: texts('deny').filter(text => text === 'private' || isNetwork(text))
  }
}
