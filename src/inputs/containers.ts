import { defineInput } from '../config/define.ts'
import { containerPaths, containerRoots } from './file/container-path.ts'
import { followOptions, followPlan } from './follow.ts'
import { multilineOptions, multilinePlan } from './multiline.ts'

/** Follows the logs that container runtimes write. */
export const containers = defineInput({
  name: 'containers',
  summary: 'Follows the logs of containers: Docker json-file and CRI, with the names of pod and container.',
  options: t => ({
    paths: t
      .list('Where the runtime puts its logs, as paths or patterns.', t.path('A path or pattern.'))
      .min(1)
      .default(containerPaths),
    ...followOptions(t),
    ...multilineOptions(t),
    symlinkRoots: t
      .list(
        'Directories that the links among these logs may lead to, besides those of `paths`.',
        t.path('A directory.')
      )
      .default(containerRoots)
  }),
  examples: [
    { title: 'All containers of this machine', config: '{}' },
    { title: 'Without those of the system', config: 'exclude: ["/var/log/containers/*_kube-system_*.log"]' },
    { title: 'With stack traces as one record each', config: 'multiline: auto' }
  ],
  plan: options => ({
    ...followPlan(options),
    ...multilinePlan(options.multiline),
    paths: options.paths,
    framing: 'containers',
    pathFields: 'containers',
    // The kubelet makes /var/log/containers of links.
    followSymlinks: true,
    linkRoots: options.symlinkRoots
  })
})
