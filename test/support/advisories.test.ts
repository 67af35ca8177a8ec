import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'

// A project of two packages, and a registry that is asked about them.
const integrity = `sha512-${'A'.repeat(86)}==`
const dependencies = { old: '1.0.0', sound: '2.0.0' }
const locked = Object.entries(dependencies).map(([name, version]) => [`node_modules/${name}`, { version, integrity }])
const packages = { '': { dependencies }, ...Object.fromEntries(locked) }
const answers: Record<string, object> = {
  '/request/2.88.2': { deprecated: 'see 3142' },
  '/old/1.0.0': { deprecated: 'use sound' },
  '/sound/2.0.0': {},
  '/-/npm/v1/security/advisories/bulk': {
    sound: [{ id: 7, url: 'https://example.org', title: 'it leaks', severity: 'high', vulnerable_versions: '<3' }],
  },
  '/sound': { name: 'sound', versions: { '2.0.0': { name: 'sound', version: '2.0.0' } } },
}

t.test('a deprecated direct dependency and a grave advisory are named, and fail', async (t) => {
  const { code, said } = await ask(t, answers)
  t.match(said, /advisories: sound \(high\)/)
  t.match(said, /deprecated of 2 of 2 direct dependencies: old@1\.0\.0 \(use sound\)/)
  t.match(said, /not checked: newer releases\.\n0 passed, 2 failed\n$/)
  t.equal(code, 1)
})

t.test('a registry that tells nothing of these is no failure, and is said', async (t) => {
  const { code, said } = await ask(t, { '/request/2.88.2': {}, '/old/1.0.0': {}, '/sound/2.0.0': {} })
  t.match(said, /^checked: nothing\. .*: advisories, deprecations, newer releases\.\n0 passed, 0 failed\n$/)
  t.equal(code, 0)
})

async function ask(t: Test, known: Record<string, object>): Promise<{ code: number; said: string }> {
  const registry = createServer((request, response) => {
    const answer = known[decodeURIComponent(request.url ?? '')]
    response.writeHead(answer ? 200 : 405, { 'content-type': 'application/json' }).end(JSON.stringify(answer ?? {}))
  }).listen(0, '127.0.0.1')
  await once(registry, 'listening')
  t.teardown(() => registry.close())
  const folder = t.testdir({
    'package.json': JSON.stringify({ name: 'asking', version: '1.0.0', dependencies }),
    'package-lock.json': JSON.stringify({ name: 'asking', version: '1.0.0', lockfileVersion: 3, packages }),
  })
  const env = { ...process.env, npm_config_registry: `http://127.0.0.1:${(registry.address() as AddressInfo).port}` }
  const script = join(import.meta.dirname, 'advisories.ts')
  return new Promise((resolve) => {
    execFile(process.execPath, [script], { cwd: folder, env }, (error, said) => {
      resolve({ code: Number(error?.code ?? 0), said })
    })
  })
}
