import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'

/** Certificate and private key, PEM. */
export interface Identity {
  readonly cert: string
  readonly key: string
}

/** A certificate authority that lives as long as a test. */
export class Authority {
  readonly cert: string
  readonly #name: string
  readonly #keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })

  constructor(name: string) {
    this.#name = name
    this.cert = this.#certificate(name, this.#keys.publicKey, [basicConstraints])
  }

  /** An identity for 127.0.0.1 and localhost, good for servers and clients. */
  issue(name: string): Identity {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    return {
      cert: this.#certificate(name, publicKey, [alternativeNames]),
      key: privateKey.export({ type: 'pkcs8', format: 'pem' })
    }
  }

  /** X.509 v3, RFC 5280. */
  #certificate(name: string, key: KeyObject, extensions: readonly Buffer[]): string {
    const serial = randomBytes(8)
    serial[0] = (serial[0]! & 0x7f) | 1
    const body = sequence(
      der(0xa0, der(0x02, Buffer.of(2))),
      der(0x02, serial),
      ecdsaWithSha256,
      nameOf(this.#name),
      sequence(utcTime(-1), utcTime(1)),
      nameOf(name),
      key.export({ type: 'spki', format: 'der' }),
      der(0xa3, sequence(...extensions))
    )
    const signature = sign('sha256', body, this.#keys.privateKey)
    const whole = sequence(body, ecdsaWithSha256, der(0x03, Buffer.of(0), signature))
    const lines = whole.toString('base64').replace(/.{64}/g, '$&\n')
    return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`
  }
}

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  const { length } = content
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.of(tag, ...size), content])
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return der(0x30, ...parts)
}

function objectId(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, 'hex'))
}

function nameOf(commonName: string): Buffer {
  return sequence(der(0x31, sequence(objectId('550403'), der(0x0c, Buffer.from(commonName)))))
}

function utcTime(days: number): Buffer {
  const time = new Date(Date.now() + days * 86_400_000).toISOString().replace(/\D/g, '').slice(2, 14)
  return der(0x17, Buffer.from(`${time}Z`))
}

const ecdsaWithSha256 = sequence(objectId('2a8648ce3d040302'))
/** CA: true, critical. */
const basicConstraints = sequence(
  objectId('551d13'),
  der(0x01, Buffer.of(0xff)),
  der(0x04, sequence(der(0x01, Buffer.of(0xff))))
)
const alternativeNames = sequence(
  objectId('551d11'),
  der(0x04, sequence(der(0x82, Buffer.from('localhost')), der(0x87, Buffer.of(127, 0, 0, 1))))
)
