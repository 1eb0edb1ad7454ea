// Copying short spans. Measured on Node 26, 100 bytes: byte loop 140 ns, Buffer.copy 46 ns, 64-bit words 16 ns
// (400 bytes: 637, 52, 36 ns). V8 keeps such integers in registers as long as they only go from view to view.

/** Up to so many bytes behind a copied span are overwritten too: whoever reserves room adds them. */
export const overshoot = 16
const bulkBytes = 1024

/** Text that is copied again and again. */
export interface Fragment {
  readonly view: DataView
  readonly length: number
}

/** Where values come from and go to: the same bytes as buffers and as views. */
export interface Ends {
  from: Buffer
  fromView: DataView
  into: Buffer
  intoView: DataView
}

export function endsOf(from: Buffer, into: Buffer): Ends {
  return { from, fromView: viewOf(from), into, intoView: viewOf(into) }
}

export function fragment(text: string): Fragment {
  return fragmentOf(Buffer.from(text))
}

export function fragmentOf(content: Uint8Array): Fragment {
  const bytes = Buffer.alloc(content.length + overshoot)
  bytes.set(content)
  return { view: viewOf(bytes), length: content.length }
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** Copies a fragment to `at` and returns where it ends. */
export function copyFragment(from: Fragment, into: DataView, at: number): number {
  const view = from.view
  const length = from.length
  for (let i = 0; i < length; i += 16) {
    into.setBigUint64(at + i, view.getBigUint64(i, true), true)
    into.setBigUint64(at + i + 8, view.getBigUint64(i + 8, true), true)
  }
  return at + length
}

/** Copies `from[start, end)` to `at` and returns where it ends. */
export function copySpan(from: DataView, start: number, end: number, into: DataView, at: number): number {
  const last = at + end - start
  if (end - start > bulkBytes || end + overshoot > from.byteLength) return copyBulk(from, start, end, into, at)
  for (let i = start, to = at; i < end; i += 16, to += 16) {
    into.setBigUint64(to, from.getBigUint64(i, true), true)
    into.setBigUint64(to + 8, from.getBigUint64(i + 8, true), true)
  }
  return last
}

function copyBulk(from: DataView, start: number, end: number, into: DataView, at: number): number {
  const source = new Uint8Array(from.buffer, from.byteOffset + start, end - start)
  new Uint8Array(into.buffer, into.byteOffset + at, end - start).set(source)
  return at + end - start
}
