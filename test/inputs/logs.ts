import fs from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { beforeEach, onTestFinished } from 'vitest'
import type { FollowInput } from '../../src/inputs/file/follower.ts'
import { tempFolder } from '../fakes/folder.ts'
import { MemoryLink } from '../fakes/state-link.ts'
import { followInput, Run, type RunOptions } from './run.ts'

/** A folder of logs and what the runs on it have stored, new for each test. */
export class Logs {
  folder = ''
  link = new MemoryLink()

  /** Call it where tests are defined. */
  constructor() {
    beforeEach(() => {
      this.folder = tempFolder()
      this.link = new MemoryLink()
    })
  }

  at = (name: string): string => join(this.folder, name)

  append = (name: string, text: string): void => fs.appendFileSync(this.at(name), text)

  /** A run that has not started, and stops with the test. */
  run(input: FollowInput, options: Partial<RunOptions> = {}): Run {
    const run = new Run(input, { link: this.link, ...options })
    onTestFinished(() => run.follower.stop())
    return run
  }

  input = (glob: string, more: Partial<FollowInput> = {}): FollowInput => followInput([this.at(glob)], more)

  follow = (glob: string, more: Partial<FollowInput> = {}, options: Partial<RunOptions> = {}): Promise<Run> =>
    this.run(this.input(glob, more), options).start()
}

/** A run that starts behind this takes what is there for older than itself. By the clock of the file system: nothing can be waited for. */
export const olderThanRun = (): Promise<void> => delay(50)

/** Each is different from the others. */
export function lines(from: number, to: number): string {
  return Array.from({ length: to - from }, (_, n) => `line ${from + n} of many\n`).join('')
}

/** What the rows of such lines have to be. */
export function texts(from: number, to: number): string[] {
  return lines(from, to).split('\n').slice(0, -1)
}
