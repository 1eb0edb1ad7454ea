/** The proxy that requests to a URL go through, by `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` as Node.js has them; undefined: none. */
export function proxyOf(url: string, env: Readonly<Record<string, string | undefined>>): string | undefined {
  const { protocol, hostname, port } = new URL(url)
  const name = protocol === 'https:' ? 'https_proxy' : 'http_proxy'
  const proxy = env[name] ?? env[name.toUpperCase()] ?? ''
  if (proxy === '' || !URL.canParse(proxy)) return undefined
  const own = port === '' ? (protocol === 'https:' ? '443' : '80') : port
  const excepted = (env['no_proxy'] ?? env['NO_PROXY'] ?? '').split(',').map(one => one.trim().toLowerCase())
  const isExcepted = excepted.some(one => {
    const [host = '', at] = one.split(':')
    if (host === '' || (at !== undefined && at !== own)) return false
    const suffix = host.replace(/^\*?\./, '')
    return host === '*' || hostname === suffix || (host !== suffix && hostname.endsWith(`.${suffix}`))
  })
  return isExcepted ? undefined : new URL(proxy).origin
}
