import type { FileFacts, KnownParts } from './context.ts'
import { describe } from './resource.ts'
import type { FileSourceParts } from './source.ts'
import type { StoredFile } from './stored.ts'

/** What a source of a stored generation of this file is made of, as far as the file and its input tell. */
export function sourceParts(
  { names, handle }: Pick<FileFacts, 'names' | 'handle'>,
  { input, context, resume }: KnownParts,
  stored: StoredFile
): Omit<FileSourceParts, 'wasKnown' | 'barrier' | 'owner'> {
  return {
    ...describe(input, context.hostName, stored.name, names),
    id: stored.id,
    startAt: stored.startAt,
    size: stored.size,
    bornAt: Number(stored.birth) / 1e6,
    fingerprint: stored,
    ...(stored.autoRemove && { autoRemove: true }),
    content: handle,
    link: context.link,
    cuts: resume.cuts(stored.id),
    parser: resume.parser(stored.id)
  }
}
