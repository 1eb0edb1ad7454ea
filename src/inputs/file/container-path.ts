import type { Resource } from '../../core/source.ts'

/** Where the kubelet and Docker put the logs of containers. */
export const containerPaths = [
  '/var/log/containers/*.log',
  '/var/log/pods/*/*/*.log',
  '/var/lib/docker/containers/*/*-json.log'
]
export const containerRoots = ['/var/log/containers', '/var/log/pods', '/var/lib/docker/containers']

const link = /\/containers\/(?<pod>[^/_]+)_(?<namespace>[^/_]+)_(?<container>[^/]+)-(?<id>[0-9a-f]{64})\.log$/
const pod = /\/pods\/(?<namespace>[^/_]+)_(?<pod>[^/_]+)_(?<uid>[^/]+)\/(?<container>[^/]+)\/[^/]+$/
const podFolder = /^.*\/pods\/[^/]+_[^/]+_[^/]+(?=\/)/
const docker = /\/(?<id>[0-9a-f]{64})\/[0-9a-f]{64}-json\.log(?:\.\d+)?$/

/** The kubelet makes the link that names a container behind its file. */
export function awaitsLink(names: readonly string[]): boolean {
  const fields = containerFields(names)
  return fields['kubernetes.pod.uid'] !== undefined && fields['container.id'] === undefined
}

/** What the names of a container's log say of it. */
export function containerFields(names: readonly string[]): Resource {
  const fields: Record<string, string> = {}
  for (const name of names) {
    for (const pattern of [link, pod, docker]) {
      const found = pattern.exec(name)?.groups
      if (found === undefined) continue
      if (found['namespace'] !== undefined) fields['kubernetes.namespace'] = found['namespace']
      if (found['pod'] !== undefined) fields['kubernetes.pod.name'] = found['pod']
      if (found['uid'] !== undefined) fields['kubernetes.pod.uid'] = found['uid']
      if (found['container'] !== undefined) {
        fields['kubernetes.container.name'] = found['container']
        fields['container.name'] = found['container']
      }
      if (found['id'] !== undefined) fields['container.id'] = found['id']
    }
  }
  return fields
}

/** What is there of a pod as long as it is, by the names of a log of its: the folder of its logs, else the link to this one, which may go
 * with a container of the pod that is dead. */
export function podPath(names: readonly string[]): string | undefined {
  const folders = names.flatMap(name => podFolder.exec(name) ?? [])
  return folders[0] ?? names.find(name => link.test(name))
}
