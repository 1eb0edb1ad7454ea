import { defineOutput } from '../../config/define.ts'
import { FileOutput } from './file-output.ts'
import { rotatedPath } from './series.ts'

export const file = defineOutput({
  name: 'file',
  summary: 'Appends rows to a file, each exactly once, also over restarts, and rotates it.',
  options: t => ({
    path: t.path('The file; it is created with its folder. No part of it comes from rows.'),
    format: t
      .choice('`ndjson`: an ECS document a line; `raw`: rows as they were read.', ['ndjson', 'raw'])
      .default('ndjson'),
    readableBy: t.choice('Who may read the file, besides root.', ['owner', 'group', 'all']).default('owner'),
    rotate: t
      .group('When a new file is begun; the full one gets the time into its name.', {
        maxBytes: t
          .size('Before it would become larger; one request may be larger still.', { min: 1024 })
          .default(100 * 1024 * 1024),
        maxAge: t
          .duration('With the first row that comes when it is older than this; left out: age does not matter.', {
            min: 1000
          })
          .optional(),
        compression: t.choice('What becomes of rotated files, in the background.', ['gzip', 'none']).default('gzip')
      })
      .prefault({}),
    keep: t
      .group(
        'Which rotated files are kept: all, unless this says otherwise. Looked at whenever one is rotated, and at the start.',
        {
          maxFiles: t.count('The newest so many.', { min: 1 }).optional(),
          maxAge: t.duration('Those that were rotated within this time.', { min: 1000 }).optional()
        }
      )
      .prefault({})
  }),
  faultIn({ path }) {
    if (!/\{\{|[*?]|%[YmdHs{]/.test(path)) return undefined
    return 'a path is taken as it is written: it has no fields, dates or wildcards; rotated files get the time by themselves'
  },
  writes({ path }) {
    const rotated = rotatedPath(path, 0)
    return [path, rotated, `${rotated}.gz`]
  },
  delivery: { batchBytes: 1024 * 1024, retryMaxMs: 10_000 },
  oneWriter: true,
  examples: [
    { title: 'An audit log for a year', config: 'path: /var/audit/auth.ndjson\nkeep: { max_age: 365d }' },
    {
      title: 'Lines as they were read, at most 1 GiB of them, readable by the group',
      config: 'path: all.log\nformat: raw\nreadable_by: group\nrotate: { compression: none }\nkeep: { max_files: 9 }'
    }
  ],
  create: (options, context) => new FileOutput(options, context)
})
