import { readFileSync } from 'node:fs'

/** Memory of a process in MiB, as Linux tells it: what is resident, the most that ever was, and what is resident of no file. */
export function memoryOf(pid: number): {
  readonly resident: number
  readonly peak: number
  readonly anonymous: number
} {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const mebibytes = (name: string): number => {
    const [, kibibytes] = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status) ?? []
    if (kibibytes === undefined) throw new Error(`Process ${pid} has no "${name}"`)
    return Number(kibibytes) / 1024
  }
  return { resident: mebibytes('VmRSS'), peak: mebibytes('VmHWM'), anonymous: mebibytes('RssAnon') }
}
