import type { Test } from 'tap'
import { ISSUER, type TokenRequest } from '../../src/http/tokens.ts'
import { claimKey } from '../../src/store/idempotency.ts'
import { onServerOnly } from './database.ts'
import type { Service } from './service.ts'

/** A write that succeeds, and another that the same key must not be used for; the admin's, or as said. */
export interface Write {
  caller?: Omit<TokenRequest, 'ttlSeconds'>
  method: 'PUT' | 'POST'
  path: string
  body?: object
  other: { path: string; body?: object }
  status: number
}

const ADMIN = { role: 'admin', subject: 'writes' } as const
const TOO_LARGE = 'x'.repeat(300 * 1024)

/** Tests what every write promises: its key's effect happens once, and only JSON of a sane size is read. */
export async function testWrite(
  t: Test,
  service: Service,
  { caller = ADMIN, method, path, body, other, status }: Write,
): Promise<void> {
  const { call } = service
  const token = await service.token(caller)

  await t.test(`${status}: the same key and body answer again what they answered first`, async (t) => {
    const first = await call(method, path, { token, body, key: 'once' })
    const again = await call(method, path, { token, body, key: 'once' })
    t.equal(first.status, status)
    t.notOk(first.headers['idempotency-replayed'])
    t.strictSame([again.status, again.body], [first.status, first.body])
    t.equal(again.headers['idempotency-replayed'], 'true')
  })
  await t.test('422: a key that came with another request before is refused', async (t) => {
    const answer = await call(method, other.path, { token, body: other.body, key: 'once' })
    t.match(answer, { status: 422, body: { code: 'idempotency_key_reused' } })
  })
  await t.test('409: while a request with the same key is under way', { skip: onServerOnly }, async (t) => {
    const scope = [ISSUER, caller.role, caller.subject, ...(caller.finess ?? [])].join('\n')
    const answer = await service.db.attempt(async (tx) => {
      await claimKey(tx, { scope, key: 'under-way', requestHash: Buffer.alloc(32, 'another request') })
      return call(method, path, { token, body, key: 'under-way' })
    })
    t.match(answer, { status: 409, body: { code: 'idempotency_in_progress' } })
  })
  await t.test('400: a key that is not visible ASCII is refused', async (t) => {
    const answer = await call(method, path, { token, body, key: 'under way' })
    t.match(answer, { status: 400, body: { errors: [{ path: 'Idempotency-Key' }] } })
  })
  await t.test('413: a body of more than 256 KiB is refused', async (t) => {
    const answer = await call(method, path, { token, body: { name: TOO_LARGE } })
    t.match(answer, { status: 413, body: { code: 'payload_too_large' } })
  })
  await t.test('415: a body that is not JSON is refused', async (t) => {
    const answer = await call(method, path, { token, body: 'name=x', headers: { 'content-type': 'text/plain' } })
    t.match(answer, { status: 415, body: { code: 'unsupported_media_type' } })
  })
}
