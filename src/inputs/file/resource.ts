import type { FollowPlan } from '../../config/define.ts'
import type { Resource } from '../../core/source.ts'
import { containerFields } from './container-path.ts'

interface Named extends Pick<FollowPlan, 'pathFields'> {
  readonly service: string
  readonly resource: Resource
}

/** The constant fields of all rows of a file. */
export function resourceOf(input: Named, hostName: string, path: string, names: readonly string[]): Resource {
  const fields = input.pathFields === 'containers' ? containerFields([path, ...names]) : {}
  return { ...input.resource, 'host.name': hostName, 'log.file.path': path, ...fields }
}

/** Service of rows that name none: as configured, else the container's name. */
export function serviceOf(input: Named, names: readonly string[]): string {
  if (input.service !== '' || input.pathFields !== 'containers') return input.service
  return containerFields(names)['container.name'] ?? ''
}
