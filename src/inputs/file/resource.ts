import type { Resource } from '../../core/source.ts'
import { containerFields, podPath } from './container-path.ts'
import type { FollowInput } from './context.ts'

export interface Description {
  readonly input: string
  readonly path: string
  readonly resource: Resource
  readonly dataset: string
  readonly service: string
  readonly agent: string
  /** Is there as long as the pod that writes it is; undefined: none does. */
  readonly podPath?: string
}

/** What all rows of a file have in common. Its service is as configured, else the container's name. */
export function describe(input: FollowInput, hostName: string, path: string, names: readonly string[]): Description {
  const all = input.pathFields === 'containers' ? [path, ...names] : []
  const fields = containerFields(all)
  const pod = podPath(all)
  return {
    input: input.name,
    path,
    resource: { ...input.resource, 'host.name': hostName, 'log.file.path': path, ...fields },
    dataset: input.dataset,
    service: input.service === '' ? (fields['container.name'] ?? '') : input.service,
    agent: input.agentId ?? fields['kubernetes.pod.name'] ?? '',
    ...(pod !== undefined && { podPath: pod })
  }
}
