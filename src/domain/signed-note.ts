import { createPublicKey, hash, type KeyObject, sign, verify } from 'node:crypto'
import { bytesOf } from './base64.ts'

const ED25519 = 0x01 // The algorithm byte of C2SP signed-note.

/** A key that verifies notes; `line` is `name+keyId+key` as C2SP signed-note writes it. */
export interface Verifier {
  name: string
  keyId: string
  line: string
  publicKey: KeyObject
}

/** A key that signs notes. */
export type Signer = Verifier & { privateKey: KeyObject }

/** Makes an Ed25519 private key a signer under a name without spaces or plus signs. */
export function signerOf(name: string, privateKey: KeyObject): Signer {
  const publicKey = createPublicKey(privateKey)
  const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url')
  const encoded = Buffer.concat([Buffer.of(ED25519), raw])
  const keyId = keyIdOf(name, encoded)
  return { name, keyId, line: `${name}+${keyId}+${encoded.toString('base64')}`, publicKey, privateKey }
}

/** Reads a verifier key line; undefined if it is not one, or not for an Ed25519 key. */
export function verifierOf(line: string): Verifier | undefined {
  const [, name = '', keyId = '', key = ''] = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)$/.exec(line) ?? []
  const encoded = bytesOf(key)
  if (encoded?.length !== 33 || encoded[0] !== ED25519 || keyIdOf(name, encoded) !== keyId) return undefined
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: encoded.subarray(1).toString('base64url') }
  return { name, keyId, line, publicKey: createPublicKey({ key: jwk, format: 'jwk' }) }
}

/** Signs a text that ends in a newline with each of the keys: a C2SP signed note. */
export function signNote(text: string, signers: readonly Signer[]): string {
  const signatures = signers.map(({ name, keyId, privateKey }) => {
    const signature = sign(null, Buffer.from(text), privateKey)
    return `— ${name} ${Buffer.concat([Buffer.from(keyId, 'hex'), signature]).toString('base64')}\n`
  })
  return `${text}\n${signatures.join('')}`
}

/** Why a note is not opened; the message continues «the note …». */
export class NoteFault extends Error {}

/**
 * The text of a note signed by at least one of these keys. Throws NoteFault if none has signed it, or if a signature by
 * one of them is wrong. Signatures by other keys are ignored, as C2SP signed-note requires.
 */
export function openNote(note: string, verifiers: readonly Verifier[]): string {
  const end = note.lastIndexOf('\n\n')
  if (end < 0 || !note.endsWith('\n')) {
    throw new NoteFault('is not a signed note: it has no signature below an empty line')
  }
  const text = note.slice(0, end + 1)
  const known = note
    .slice(end + 2, -1)
    .split('\n')
    .map((line) => signatureOf(line, verifiers))
  if (known.includes('malformed')) throw new NoteFault('has a signature that cannot be read')
  const signed = known.filter((each) => each !== 'unknown' && each !== 'malformed')
  const isRight = ({ publicKey, signature }: { publicKey: KeyObject; signature: Buffer }) =>
    verify(null, Buffer.from(text), publicKey, signature)
  if (signed.length === 0) throw new NoteFault('is signed by no key that is known here')
  if (!signed.every(isRight)) throw new NoteFault('was changed after it was signed: the signature is not of this text')
  return text
}

/** A note as it was signed, from a file that a tool saved again with other line ends, or more or fewer at its end. */
export function asSigned(note: string): string {
  return `${note.replaceAll(/\r\n?/g, '\n').trim()}\n`
}

function signatureOf(
  line: string,
  verifiers: readonly Verifier[],
): { publicKey: KeyObject; signature: Buffer } | 'unknown' | 'malformed' {
  const [, name, encoded = ''] = /^— ([^\s+]+) ([A-Za-z0-9+/]+=*)$/.exec(line) ?? []
  const bytes = bytesOf(encoded)
  if (name === undefined || bytes === undefined || bytes.length < 5) return 'malformed'
  const keyId = bytes.subarray(0, 4).toString('hex')
  const verifier = verifiers.find((each) => each.name === name && each.keyId === keyId)
  return verifier ? { publicKey: verifier.publicKey, signature: bytes.subarray(4) } : 'unknown'
}

function keyIdOf(name: string, encoded: Buffer): string {
  return hash('sha256', Buffer.concat([Buffer.from(`${name}\n`), encoded]), 'buffer')
    .subarray(0, 4)
    .toString('hex')
}
