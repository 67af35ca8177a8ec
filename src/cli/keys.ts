import { defineCommand } from 'citty'
import { loadConfig } from '../config.ts'
import { type SigningKeys, signingKeyOf } from '../keys/signing-key.ts'
import { loadSigningKeys, newKey, saveSigningKeys } from '../keys/signing-keys.ts'
import { CommandError } from './errors.ts'

const id = {
  type: 'positional',
  required: true,
  description: 'a key’s id, as listed; put -- before it if it begins with -',
} as const

const list = defineCommand({
  meta: { name: 'list', description: 'Print the ids of the keys, the one that signs first' },
  async run() {
    print(await loadSigningKeys(loadConfig()))
  },
})

const add = defineCommand({
  meta: { name: 'add', description: 'Make a key that verifies and does not sign yet' },
  async run() {
    const added = await signingKeyOf(newKey())
    await save((keys) => [...keys, added])
  },
})

const sign = defineCommand({
  meta: { name: 'sign', description: 'Let a key sign; the others still verify' },
  args: { id },
  async run({ args }) {
    await save((keys) => [named(keys, args.id), ...keys.filter((key) => key.id !== args.id)])
  },
})

const remove = defineCommand({
  meta: {
    name: 'remove',
    description: 'Remove a key that does not sign: tokens and vouchers signed by it are refused from then on',
  },
  args: { id },
  async run({ args }) {
    await save(([first, ...others]) => {
      if (first.id === args.id) throw new CommandError('ID: this key signs; let another one sign first')
      const gone = named(others, args.id)
      return [first, ...others.filter((key) => key !== gone)]
    })
  },
})

/** `gomask keys` */
export const keys = defineCommand({
  meta: {
    name: 'keys',
    description:
      'The keys that sign tokens and vouchers, in SIGNING_KEY_FILE or DATA_DIR. To rotate: add, restart every process; sign, restart every process; once the last token and voucher of the old key has expired: remove, restart. Never opens the database',
  },
  subCommands: { list, add, sign, remove },
})

async function save(change: (keys: SigningKeys) => SigningKeys): Promise<void> {
  const config = loadConfig()
  const changed = change(await loadSigningKeys(config))
  await saveSigningKeys(config, changed)
  print(changed)
  console.error('Restart every process, one after the other: it reads the keys at start.')
}

function named(keys: readonly SigningKeys[0][], wanted: string): SigningKeys[0] {
  const found = keys.find((key) => key.id === wanted)
  if (!found) throw new CommandError('ID: there is no such key')
  return found
}

function print(keys: SigningKeys): void {
  for (const [index, key] of keys.entries()) console.log(`${key.id}  ${index === 0 ? 'signs' : 'verifies'}`)
}
