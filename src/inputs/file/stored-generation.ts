import type { Position, SourceId } from '../../core/source.ts'
import type { FileFacts, KnownParts } from './context.ts'
import { longerHead } from './head.ts'
import { headBytes } from './identity.ts'
import type { FileSource } from './source.ts'
import { newStored, type StoredFile, toStored } from './stored.ts'

/**
 * What the state keeps of the last generation of a file. Generations owns it and says what has changed; what is to be stored goes to
 * the records of the follower, unless somebody has to wait for it.
 */
export class StoredGeneration {
  /** Undefined until the first generation has a record. `isOver` while the next one has none yet. */
  value: StoredFile | undefined
  readonly #file: FileFacts
  readonly #parts: KnownParts
  readonly #generations: { isHeld(id: SourceId): boolean }

  constructor(file: FileFacts, parts: KnownParts, generations: { isHeld(id: SourceId): boolean }) {
    this.#file = file
    this.#parts = parts
    this.#generations = generations
  }

  /** The one that goes on, if it has a record. */
  get current(): StoredFile | undefined {
    return this.value?.isOver ? undefined : this.value
  }

  /** The generation that begins with this head; it is not stored yet. */
  next(head: Buffer, size: number, startAt: Position): StoredFile {
    const { context, input } = this.#parts
    const { inode, name, handle } = this.#file
    const stored = newStored({
      hostId: context.hostId,
      inode,
      head,
      input: input.name,
      name,
      path: handle.path,
      generation: this.value === undefined ? 0 : this.value.generation + 1,
      size,
      startAt,
      seenAt: context.clock.now()
    })
    return { ...stored, isEnded: size <= startAt }
  }

  /** Makes it durable, which a generation has to be before its first row is sent. Returns the number to wait for. */
  append(value: StoredFile): number {
    const number = this.#parts.context.link.append([{ kind: 'source', source: toStored(value) }])
    this.#follow(value)
    return number
  }

  put(value: StoredFile): void {
    this.#push(value)
    this.#follow(value)
  }

  /** Nothing is left of a generation. The number of the last one has to be known until a newer one is stored. */
  forget(stored: StoredFile): void {
    if (stored.id !== this.value?.id) this.#parts.records.push({ kind: 'forget', source: stored.id })
    else if (!stored.isOver) this.put({ ...stored, isOver: true })
  }

  #follow(value: StoredFile): void {
    const before = this.value
    this.value = value
    if (before?.isOver && before.id !== value.id && !this.#generations.isHeld(before.id)) this.forget(before)
  }

  /** Its bytes are not there any more; there were `size` of them. */
  end(size: number): void {
    this.put({ ...this.value!, size, isOver: true })
  }

  /** All of it is read and settled. Of a file without a name it is forgotten, but not before it is known whether a copy has it: who goes on
   * in that would begin anew. */
  letGo(source: FileSource): void {
    if (this.value === undefined) return
    this.value = { ...this.value, size: source.size, isEnded: true, seenAt: this.#parts.context.clock.now() }
    if (this.#file.isUnlinked && this.#file.unlinkedAt >= 0)
      this.#parts.records.push({ kind: 'forget', source: source.id })
    else this.#push(this.value)
  }

  /** Stores what has changed while it was read. */
  update(source: FileSource): void {
    const { value } = this
    if (value === undefined) return
    const { handle } = this.#file
    const mayGrow = value.headLength < headBytes && source.size > value.headLength
    if (value.size === source.size && value.path === handle.path && !mayGrow) return
    const head = mayGrow ? longerHead(value, handle, source.size) : {}
    this.put({ ...value, ...head, size: source.size, path: handle.path, seenAt: this.#parts.context.clock.now() })
  }

  /** Tells the state that the file is still there, so that it is not forgotten however long nothing happens to it. */
  touch(): void {
    if (this.value !== undefined) this.#push({ ...this.value, seenAt: this.#parts.context.clock.now() })
  }

  #push(value: StoredFile): void {
    this.#parts.records.push({ kind: 'source', source: toStored(value) })
  }
}
