import { defineCommand } from 'citty'
import { loadConfig } from '../config.ts'
import { openReady } from '../db/open.ts'
import { inTransaction } from '../db/transaction.ts'
import { inLanguage } from '../domain/language.ts'
import { Rejection } from '../domain/refusals.ts'
import shipped from '../features/allocation-rules/allocation-2020.json' with { type: 'json' }
import { loadRules } from '../features/allocation-rules/load-rules.ts'
import { addMissingProducts } from '../features/products/add-missing.ts'
import { commandLogger } from '../logger.ts'
import { sayWho } from '../store/admin-acts.ts'
import { CommandError, discreet } from './errors.ts'
import { readStorableJsonFile } from './json-file.ts'
import { actorOf, operator } from './operator.ts'

// A fresh installation has no catalogue yet, and the shipped rules are for these two.
const productsOf2020 = [
  { code: 'surgical', name: 'Masque chirurgical', kind: 'surgical' },
  { code: 'ffp2', name: 'Masque FFP2', kind: 'ffp2' },
]

const load = defineCommand({
  meta: {
    name: 'load',
    description:
      'Publish the rules of a file that have not been published before. Safe to run again; exits 1 if the file is wrong',
  },
  args: {
    file: {
      type: 'positional',
      required: false,
      description:
        'JSON: a list of rules as the API takes them; if left out, the French rules of 2020, with their two products if the catalogue lacks them',
    },
    operator,
  },
  async run({ args: { file, operator: name } }) {
    const by = actorOf('rules load', name)
    const rules = file === undefined ? shipped : await readStorableJsonFile(file)
    const config = loadConfig()
    const db = await openReady(config, commandLogger(config.LOG_LEVEL))
    try {
      const { published, present } = await inTransaction(db, async (tx) => {
        sayWho(tx, by)
        if (file === undefined) await addMissingProducts(tx, productsOf2020)
        return loadRules(tx, rules)
      })
      console.log(`published ${published}\nthere already ${present}`)
    } catch (error) {
      throw error instanceof Rejection ? new CommandError(explain(file, error)) : discreet(error)
    } finally {
      await db.close()
    }
  },
})

/** `gomask rules` */
export const rules = defineCommand({
  meta: { name: 'rules', description: 'Publish allocation rules from files' },
  subCommands: { load },
})

// A rule with one wrong product often has several, so they are all reported at once.
function explain(file: string | undefined, { errors, message }: Rejection): string {
  const mistakes = errors?.map((each) => `${each.path}: ${inLanguage(each.message, 'en')}`).join('; ') ?? message
  return `${file ?? 'the rules of 2020'}: ${mistakes}`
}
