/** What we use of WebAssembly; the standard library declares it only together with the browser's DOM. */
declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array)
  }
  class Instance {
    readonly exports: Readonly<Record<string, unknown>>
    constructor(module: Module, imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>)
  }
  class Memory {
    readonly buffer: ArrayBuffer
    constructor(pages: { readonly initial: number; readonly maximum: number })
  }
}
