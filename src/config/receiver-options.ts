import type { OptionTypes } from './option-types.ts'

/** Certificates and keys of `https:` addresses. */
export function tlsGroup(t: OptionTypes) {
  return t
    .group('TLS of https addresses.', {
      caFile: t.file('Certificates to trust, PEM; the system’s where left out.', 'certificates').default(''),
      certFile: t.file('Client certificate, PEM.', 'certificates').default(''),
      keyFile: t.file('Key of the client certificate, PEM.', 'key').default(''),
      skipVerify: t.flag('Accept any certificate: for tests only.').default(false)
    })
    .prefault({})
}

/** Headers that each request has, too. */
export function headerMap(t: OptionTypes) {
  return t
    .map('More headers of each request.', t.secret('A value.'))
    .refine(headers => Object.entries(headers).every(isHeader), {
      error: 'a header has a name of letters, digits and "-", and one line of text'
    })
    .prefault({})
}

/** Whether a name and a value can be those of a header. */
export function isHeader([name, value]: [string, string]): boolean {
  return /^[A-Za-z0-9-]+$/.test(name) && /^[\t\u0020-\u007e\u0080-\u00ff]*$/.test(value)
}
