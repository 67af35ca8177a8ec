import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, Server } from 'node:net'
import { networkInterfaces } from 'node:os'
import t, { type Test } from 'tap'
import { guardTargets, type Resolve, TargetRefused } from '../../../src/http/targets/guard.ts'
import { post } from '../../../src/http/targets/post.ts'

const LOOPBACK = ['127.0.0.0/8', '::1']
const MESSAGE = { headers: { 'content-type': 'application/json' }, body: '{}' }
const WITHIN_MS = 5_000

const answers =
  (...addresses: string[]): Resolve =>
  async () =>
    addresses

// Every address has its own reason to be here: what each of them would reach is written beside it.
const REFUSED = {
  loopback: ['127.0.0.1', '127.255.255.254', '::1'],
  'this network': ['0.0.0.0', '0.1.2.3', '::'],
  private: ['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1'],
  'link-local, where clouds keep their metadata': ['169.254.169.254', '169.254.170.2', 'fe80::1', 'fe80::1%eth0'],
  'metadata elsewhere': ['168.63.129.16', '100.100.100.200', '192.0.0.192', 'fd00:ec2::254'],
  'carrier-grade NAT': ['100.64.0.1', '100.127.255.255'],
  'unique local': ['fc00::1', 'fdff:ffff::1'],
  'former site-local': ['fec0::1'],
  'IPv4 within IPv6': ['::ffff:127.0.0.1', '::ffff:10.0.0.1', '::ffff:8.8.8.8', '::127.0.0.1', '::ffff:0:127.0.0.1'],
  NAT64: ['64:ff9b::7f00:1', '64:ff9b:1::a00:1', '64:ff9b::8.8.8.8'],
  '6to4 and Teredo': ['2002:7f00:1::', '2002:a00:1::1', '2001:0:7f00:1::1'],
  multicast: ['224.0.0.1', '239.255.255.255', 'ff02::1'],
  broadcast: ['255.255.255.255'],
  'reserved or for documents': [
    '192.0.2.1',
    '198.51.100.1',
    '203.0.113.9',
    '198.18.0.1',
    '240.0.0.1',
    '2001:db8::1',
    '100::1',
  ],
}

t.test('no name leads to an address that only this machine or its network can reach', async (t) => {
  for (const [what, addresses] of Object.entries(REFUSED)) {
    for (const address of addresses) {
      const guard = guardTargets([], { resolve: answers(address) })
      await t.rejects(
        guard.addressesOf(guard.judge('https://till.example.org/')),
        new TargetRefused('address'),
        `${what}: ${address}`,
      )
    }
  }
})

t.test('a name is refused if any of its addresses is, whatever the others are', async (t) => {
  const guard = guardTargets([], { resolve: answers('8.8.8.8', '2606:4700::1111', '10.0.0.1') })
  await t.rejects(guard.addressesOf(guard.judge('https://till.example.org/')), new TargetRefused('address'))
})

t.test('an address of this machine itself is refused, though it may be a public one', async (t) => {
  const own = Object.values(networkInterfaces()).flatMap((held = []) => held.map(({ address }) => address))
  t.ok(own.length > 0)
  for (const address of own) {
    const guard = guardTargets([], { resolve: answers(address) })
    await t.rejects(guard.addressesOf(guard.judge('https://till.example.org/')), new TargetRefused('address'), address)
  }
})

t.test('public addresses are let pass, of both families', async (t) => {
  const found = ['8.8.8.8', '172.15.255.255', '172.32.0.1', '100.63.255.255', '100.128.0.1', '2606:4700::1111']
  const guard = guardTargets([], { resolve: answers(...found) })
  t.same(await guard.addressesOf(guard.judge('https://till.example.org/hooks?a=1')), found)
  t.same(await guard.addressesOf(guard.judge('https://8.8.8.8/')), ['8.8.8.8'])
  t.same(await guard.addressesOf(guard.judge('https://[2606:4700::1111]:8443/')), ['2606:4700::1111'])
})

t.test('a URL is refused for what it is, before any name is looked up', (t) => {
  const guard = guardTargets([], { own: ['masks.example.org'], resolve: answers('8.8.8.8') })
  for (const [url, fault] of [
    ['http://till.example.org/', 'scheme'],
    ['ftp://till.example.org/', 'scheme'],
    ['file:///etc/passwd', 'scheme'],
    ['gopher://till.example.org/', 'scheme'],
    ['javascript:alert(1)', 'scheme'],
    ['till.example.org', 'url'],
    ['https://', 'url'],
    ['https://till.example.org/#part', 'url'],
    [`https://till.example.org/${'a'.repeat(2_000)}`, 'url'],
    ['https://user@till.example.org/', 'credentials'],
    ['https://user:password@till.example.org/', 'credentials'],
    ['https://till.example.org:22/', 'port'],
    ['https://till.example.org:25/', 'port'],
    ['https://till.example.org:80/', 'port'],
    ['https://localhost/', 'name'],
    ['https://LOCALHOST./', 'name'],
    ['https://till.localhost/', 'name'],
    ['https://printer.local/', 'name'],
    ['https://metadata.google.internal/', 'name'],
    ['https://database/', 'name'],
    ['https://masks.example.org/v1/webhook-endpoints', 'name'],
    ['https://2130706433/', 'address'], // Decimal.
    ['https://0177.0.0.1/', 'address'], // Octal.
    ['https://0x7f.1/', 'address'], // Hexadecimal and short.
    ['https://127.1/', 'address'],
    ['https://0/', 'address'],
    ['https://127.0.0.1./', 'address'],
    ['https://①②⑦.⓪.⓪.①/', 'address'], // As browsers read it.
    ['https://[::]/', 'address'],
    ['https://[::ffff:127.0.0.1]/', 'address'],
    ['https://[::ffff:7f00:1]/', 'address'],
    ['https://[0:0:0:0:0:ffff:a9fe:a9fe]/', 'address'],
    ['https://[fd12:3456::1]/', 'address'],
    ['https://[64:ff9b::10.0.0.1]/', 'address'],
  ] as const) {
    t.throws(() => guard.judge(url), new TargetRefused(fault), url)
  }
  t.end()
})

t.test('the operator’s own networks may be reached, by http and on any port, and no other', async (t) => {
  const guard = guardTargets(['10.1.0.0/16', 'fd12::/16'], {
    resolve: async (name) => [name === 'ours' ? '10.1.2.3' : '10.2.0.1'],
  })
  t.same(await guard.addressesOf(guard.judge('http://ours:80/')), ['10.1.2.3'])
  t.same(await guard.addressesOf(guard.judge('https://[fd12::1]:22/')), ['fd12::1'])
  await t.rejects(guard.addressesOf(guard.judge('http://theirs/')), new TargetRefused('address'))
  t.throws(() => guard.judge('http://8.8.8.8/'), new TargetRefused('scheme'))
  t.throws(() => guard.judge('https://8.8.8.8:22/'), new TargetRefused('port'))
  t.throws(() => guard.judge('https://127.0.0.1/'), new TargetRefused('address'))
})

t.test('a name that changes its address between check and use is connected to nowhere', async (t) => {
  const { port, asked } = await receiver(t, (_request, response) => void response.end())
  const turns = ['8.8.8.8', '127.0.0.1']
  const guard = guardTargets([], { resolve: async () => [turns.shift() ?? '127.0.0.1'] })
  const url = `https://till.example.org:${port}/`
  t.same(await guard.addressesOf(guard.judge(url)), ['8.8.8.8'], 'when it is named')
  t.same(await post(guard, url, MESSAGE, WITHIN_MS), { status: null, fault: 'target_refused' }, 'when it is used')
  t.equal(asked(), 0)
})

t.test('what is connected to is the address that was checked: the name is not looked up again', async (t) => {
  const { port, asked } = await receiver(t, (_request, response) => void response.writeHead(204).end())
  let looked = 0
  const resolve = async () => [looked++ === 0 ? '127.0.0.1' : '127.0.0.99']
  const guard = guardTargets(LOOPBACK, { resolve })
  t.same(await post(guard, `http://till.example.org:${port}/`, MESSAGE, WITHIN_MS), { status: 204, fault: null })
  t.equal(asked(), 1)
  t.equal(looked, 1)
})

t.test('a redirect is an answer, and leads nowhere', async (t) => {
  const inner = await receiver(t, (_request, response) => void response.end('secret'))
  const outer = await receiver(t, (_request, response) => {
    response.writeHead(307, { location: `http://127.0.0.1:${inner.port}/` }).end()
  })
  const guard = guardTargets(LOOPBACK)
  t.same(await post(guard, `http://127.0.0.1:${outer.port}/`, MESSAGE, WITHIN_MS), { status: 307, fault: 'redirect' })
  t.equal(inner.asked(), 0)
})

t.test('a receiver that is silent, endless, not there or speaks no TLS holds nothing up', async (t) => {
  const guard = guardTargets(LOOPBACK, {
    resolve: async () => Promise.reject(Object.assign(new Error(), { code: 'ENOTFOUND' })),
  })
  const to = (url: string, withinMs = WITHIN_MS) => post(guard, url, MESSAGE, withinMs)
  const silent = await receiver(t, () => {})
  t.same(await to(`http://127.0.0.1:${silent.port}/`, 100), { status: null, fault: 'timeout' })
  let hungUp: Promise<unknown> | undefined
  const endless = await receiver(t, (_request, response) => {
    hungUp = once(response, 'close')
    response.on('drain', () => response.write(Buffer.alloc(65_536))).write(Buffer.alloc(65_536))
  })
  t.same(await to(`http://127.0.0.1:${endless.port}/`), { status: 200, fault: null })
  await hungUp
  t.same(await to('https://till.example.org/'), { status: null, fault: 'name_unknown' })
  const closed = await receiver(t, () => {})
  await closed.close()
  t.same(await to(`http://127.0.0.1:${closed.port}/`), { status: null, fault: 'connection' })
  t.match(await to(`https://127.0.0.1:${silent.port}/`), { fault: /^(tls|connection)$/ })
})

/** A receiver on this machine, and how often it was asked. */
async function receiver(t: Test, answer: RequestListener) {
  let asked = 0
  const server = createServer((request, response) => {
    asked++
    answer(request, response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = async () => {
    server.closeAllConnections()
    await new Promise<void>((closed) => Server.prototype.close.call(server, () => closed()))
  }
  t.teardown(close)
  return { port: (server.address() as AddressInfo).port, asked: () => asked, close }
}
