import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** How it treats whoever connects. `pass` hands everything through to the server behind it. */
export type Hostility =
  | 'pass'
  /** Takes the request and never says a word. */
  | 'hang'
  /** Answers, a byte at a time, without an end. */
  | 'trickle'
  | 'endless-body'
  | 'endless-headers'
  | 'reset'
  /** Sends whoever asks to the place where they asked. */
  | 'redirect'
  | 'garbage'

const head = 'HTTP/1.1 200 OK\r\nx-elastic-product: Elasticsearch\r\ncontent-type: application/json\r\n'
const trickleMs = 50

/** Stands between a client and a server, and misbehaves as told. */
export class HostileServer {
  /** Requests met in each way. */
  readonly requests = new Map<Hostility, number>()
  /** Most bytes that one client has taken of an answer without an end. */
  mostTaken = 0
  #mode: Hostility = 'pass'
  readonly #target: URL
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(target: string) {
    this.#target = new URL(target)
    this.#server = createServer(socket => this.#meet(socket))
  }

  static async before(target: string): Promise<HostileServer> {
    const one = new HostileServer(target)
    await new Promise<void>(done => one.#server.listen(0, '127.0.0.1', done))
    return one
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** From now on; connections that stand are cut. */
  become(mode: Hostility): void {
    this.#mode = mode
    for (const socket of this.#sockets) socket.destroy()
  }

  async stop(): Promise<void> {
    this.become('reset')
    await new Promise(done => this.#server.close(done))
  }

  #meet(socket: Socket): void {
    const mode = this.#mode
    this.#sockets.add(socket)
    socket.on('close', () => this.#sockets.delete(socket)).on('error', () => undefined)
    if (mode === 'pass') return this.#pass(socket)
    if (mode === 'reset') {
      this.#count(mode)
      return void socket.resetAndDestroy()
    }
    socket.once('data', () => {
      this.#count(mode)
      socket.resume()
      this.#answer(socket, mode)
    })
  }

  #count(mode: Hostility): void {
    this.requests.set(mode, (this.requests.get(mode) ?? 0) + 1)
  }

  #pass(socket: Socket): void {
    const behind = connect(Number(this.#target.port), this.#target.hostname)
    behind.on('error', () => socket.destroy()).on('close', () => socket.destroy())
    socket.on('close', () => behind.destroy())
    socket.pipe(behind).pipe(socket)
  }

  #answer(socket: Socket, mode: Hostility): void {
    if (mode === 'redirect') {
      socket.end(`HTTP/1.1 302 Found\r\nlocation: ${this.url}/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`)
    } else if (mode === 'garbage') {
      socket.end('\u0000\u0001 this is no HTTP\r\n\r\n')
    } else if (mode === 'trickle') {
      socket.write(`${head}\r\n{`)
      const timer = setInterval(() => socket.write(' '), trickleMs)
      socket.once('close', () => clearInterval(timer))
    } else if (mode === 'endless-body') {
      socket.write(`${head}\r\n`)
      this.#pour(socket, ' '.repeat(65_536))
    } else if (mode === 'endless-headers') {
      socket.write(head)
      this.#pour(socket, 'x-a: a\r\n'.repeat(1000))
    }
  }

  #pour(socket: Socket, text: string): void {
    const more = (): void => {
      while (!socket.destroyed && socket.write(text)) this.#take(socket)
      this.#take(socket)
    }
    socket.on('drain', more)
    more()
  }

  #take(socket: Socket): void {
    this.mostTaken = Math.max(this.mostTaken, socket.bytesWritten - socket.writableLength)
  }
}
