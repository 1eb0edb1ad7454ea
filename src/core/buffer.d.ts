/** Methods of Node.js buffers that its type definitions leave out; they skip the checks of `toString` and `write`. */
interface Buffer {
  utf8Slice(start: number, end: number): string
  latin1Slice(start: number, end: number): string
  utf8Write(text: string, at: number, length?: number): number
  latin1Write(text: string, at: number, length?: number): number
}
