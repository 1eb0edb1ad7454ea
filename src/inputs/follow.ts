import type { FollowPlan, OptionsOf } from '../config/define.ts'
import type { OptionTypes } from '../config/option-types.ts'

const day = 24 * 60 * 60 * 1000
const mebibyte = 1024 * 1024

/** The options that everything which follows files has. */
export const followOptions = (t: OptionTypes) => ({
  exclude: t
    .list('Patterns of files to leave out; without a slash they are for the file name.', t.text('A pattern.'))
    .default([]),
  readFrom: t.z
    .union([t.z.enum(['beginning', 'end']), t.z.number().int().min(0)])
    .describe(
      'Where to start in files that are there at the very first start: `beginning`, `end`, or so many lines before the end.'
    )
    .default('beginning'),
  ignoreOlder: t
    .duration(
      'Files that are there at the very first start and were not written for so long are left alone until they grow; `0s`: read them however old they are.'
    )
    .default(day),
  maxLineBytes: t
    .size(
      'Longer lines are cut here and flagged; the rest is counted as lost (`too_large`). A line goes on in another row after each GiB, a record that a container runtime wrote in parts after each 64 MiB.',
      { min: 64, max: 64 * mebibyte }
    )
    .default(mebibyte),
  partialTimeout: t
    .duration('A last line without an end is sent when it has not grown for so long.', { min: 100 })
    .default(5000),
  rotatedTo: t
    .list(
      'Directories that rotation moves or copies files to, besides their own: what was not read of a file is read there.',
      t.path('A directory.')
    )
    .default([]),
  compression: t.z
    .enum(['none', 'auto'])
    .describe(
      'What to do with compressed files that the patterns match (`.gz`, `.zst`): `auto` reads what they hold, `none` leaves them alone. What was not read of a file before it was rotated and compressed is read in any case.'
    )
    .default('none'),
  maxOpenFiles: t.z
    .number()
    .int()
    .min(1)
    .describe('Files that are open at a time. With more, they are closed and opened again in turns.')
    .default(512),
  shard: t.z
    .enum(['auto', 'own', 'shared'])
    .describe(
      'Which thread reads the files. When a mount hangs, so does the thread that reads there: `own` keeps that from other inputs, `auto` does so for what is on a network file system or in the hands of a program (NFS, SMB, FUSE …), `shared` never. In a thread of its own nothing is kept of deleted files (`hold_deleted`): they stay open until all outputs have them. A change needs a restart.'
    )
    .default('auto'),
  scanInterval: t.duration('How often to look for new, rotated and truncated files.', { min: 50 }).default(1000)
})

type Shape = ReturnType<typeof followOptions>

/** The part of the plan that these options make. */
export function followPlan(
  options: OptionsOf<Shape>
): Pick<
  FollowPlan,
  | 'exclude'
  | 'readFrom'
  | 'ignoreOlderMs'
  | 'maxLineBytes'
  | 'partialMs'
  | 'scanMs'
  | 'rotatedTo'
  | 'compression'
  | 'maxOpenFiles'
  | 'shard'
> {
  return {
    exclude: options.exclude,
    readFrom: options.readFrom,
    ignoreOlderMs: options.ignoreOlder,
    maxLineBytes: options.maxLineBytes,
    partialMs: options.partialTimeout,
    scanMs: options.scanInterval,
    rotatedTo: options.rotatedTo,
    compression: options.compression,
    maxOpenFiles: options.maxOpenFiles,
    shard: options.shard
  }
}
