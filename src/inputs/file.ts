import { defineInput } from '../config/define.ts'
import { encodingOptions, encodingPlan } from './encoding.ts'
import { followOptions, followPlan } from './follow.ts'
import { multilineOptions, multilinePlan } from './multiline.ts'

/** Follows log files by path pattern. */
export const file = defineInput({
  name: 'file',
  summary: 'Follows files line by line, over rotation, truncation and restarts.',
  options: t => ({
    paths: t
      .list(
        'Files to follow, as paths or patterns: `*`, `?`, `[ab]`, `{a,b}`, and `**` for any directories.',
        t.path('A path or pattern.')
      )
      .min(1),
    ...followOptions(t),
    ...encodingOptions(t),
    ...multilineOptions(t),
    followSymlinks: t.flag('Also follow symbolic links that lead into the directories of `paths`.').default(false),
    symlinkRoots: t
      .list('With `follow_symlinks`: more directories that links may lead to.', t.path('A directory.'))
      .default([])
  }),
  examples: [
    { title: 'One file', config: 'paths: [/var/log/mcp-agent.log]' },
    {
      title: 'A tree of logs, from ten lines before the end of each',
      config: 'paths: ["/var/log/**/*.log"]\nexclude: ["*.gz"]\nread_from: 10'
    },
    {
      title: 'Stack traces of Java as one record each',
      config: 'paths: [/var/log/shop.log]\nmultiline: java'
    },
    { title: 'What Windows writes', config: 'paths: [/var/log/agent.log]\nencoding: utf-16le' },
    {
      title: 'A record begins with a date',
      config: 'paths: [/var/log/app.log]\nmultiline: { start: "^\\\\d{4}-\\\\d\\\\d-\\\\d\\\\d", timeout: 2s }'
    }
  ],
  plan: options => ({
    ...followPlan(options),
    ...encodingPlan(options),
    ...multilinePlan(options.multiline),
    paths: options.paths,
    framing: 'lines',
    pathFields: 'none',
    followSymlinks: options.followSymlinks,
    linkRoots: options.symlinkRoots
  })
})
