interface Reply {
  readonly id?: number
  readonly method?: string
  readonly params?: Readonly<Record<string, unknown>>
  readonly result?: unknown
  readonly error?: { readonly message: string }
}
type Send = (message: string) => void

/** One thread of a process that is looked into. */
class Thread {
  readonly #send: Send
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>()
  #next = 1

  constructor(send: Send) {
    this.#send = send
  }

  ask(method: string, params: object = {}): Promise<unknown> {
    const id = this.#next++
    const answer = Promise.withResolvers<unknown>()
    this.#waiting.set(id, answer)
    this.#send(JSON.stringify({ id, method, params }))
    return answer.promise
  }

  receive({ id = 0, result, error }: Reply): void {
    const answer = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (error === undefined) answer?.resolve(result)
    else answer?.reject(new Error(error.message))
  }

  async collect(): Promise<void> {
    await this.ask('HeapProfiler.collectGarbage')
  }
}

/** Collects the garbage of all threads of a Node.js process, by its inspector at `url`. Leaves no session behind: with one, the process
 * would not end. */
export async function collectGarbage(url: string): Promise<void> {
  const socket = new WebSocket(url)
  await new Promise((opened, failed) => {
    socket.addEventListener('open', opened)
    socket.addEventListener('error', () => failed(new Error(`Cannot connect to "${url}"`)))
  })
  try {
    for (const thread of await threadsOf(socket)) await thread.collect()
  } finally {
    const closed = new Promise(done => socket.addEventListener('close', done))
    socket.close()
    await closed
  }
}

/** The main thread and the workers that there are. */
async function threadsOf(socket: WebSocket): Promise<Thread[]> {
  const main = new Thread(message => socket.send(message))
  const workers = new Map<string, Thread>()
  socket.addEventListener('message', ({ data }) => {
    const reply = JSON.parse(String(data)) as Reply
    const sessionId = String(reply.params?.['sessionId'])
    if (reply.method === 'NodeWorker.attachedToWorker') {
      const tell = (message: string): void => void main.ask('NodeWorker.sendMessageToWorker', { sessionId, message })
      workers.set(sessionId, new Thread(tell))
    } else if (reply.method === 'NodeWorker.receivedMessageFromWorker') {
      workers.get(sessionId)?.receive(JSON.parse(String(reply.params?.['message'])) as Reply)
    } else main.receive(reply)
  })
  await main.ask('NodeWorker.enable', { waitForDebuggerOnStart: false })
  return [main, ...workers.values()]
}
