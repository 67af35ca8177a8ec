import { setTimeout as wait } from 'node:timers/promises'
import { openCheckpoint, openReceipt } from '../../domain/checkpoint.ts'
import type { Text } from '../../domain/language.ts'
import { isIncluded } from '../../domain/merkle-proofs.ts'
import type { RecordedEntry, Stage } from './stage.ts'

const MOST_SECONDS = 20

const bySignedKey: Text = {
  en: 'the checkpoint is signed by the ledger’s key',
  fr: 'le point de contrôle est signé par la clé de l’historique',
}
const isInIt: Text = {
  en: 'the entry given at the counter is in it',
  fr: 'l’écriture donnée au comptoir y est',
}
const wasPromised: Text = {
  en: 'the pharmacy’s receipt promised just that',
  fr: 'le reçu de l’officine promettait exactement cela',
}

/** The regulator proves that the hand-over is in the log, with nothing but the ledger's key. */
export async function proveEntry(
  { tell, cast, url, ledgerKeys }: Stage,
  { id, entryHash, receipt }: RecordedEntry,
): Promise<void> {
  const path = `/v1/ledger/inclusion-proof?entry=${id}`
  const headers = { authorization: `Bearer ${cast.regulator.token}` }
  const answers = async () => (await fetch(`${url}${path}`, { headers })).ok
  // A checkpoint is signed every few seconds.
  for (let second = 0; second < MOST_SECONDS && !(await answers()); second++) await wait(1_000)
  await tell<{ index: number; size: number; hashes: string[]; checkpoint: string }>({
    heading: {
      en: 'Must the agency believe the operator? It asks for the proof that the hand-over is in the signed log.',
      fr: 'L’agence doit-elle croire l’exploitant ? Elle demande la preuve que la remise est dans le journal signé.',
    },
    actor: cast.regulator,
    method: 'GET',
    path,
    status: 200,
    show: ['entryHash', 'index', 'size', 'hashes', 'checkpoint'],
    claims: ({ index, size, hashes, checkpoint }) => {
      const signed = openCheckpoint(checkpoint, ledgerKeys)
      const proof = hashes.map((hash) => Buffer.from(hash, 'base64'))
      const leaf = Buffer.from(entryHash, 'base64')
      return [
        [bySignedKey, signed?.size === size],
        [isInIt, signed !== undefined && isIncluded(leaf, { index, size }, proof, signed.root)],
        [wasPromised, openReceipt(receipt, ledgerKeys)?.leafHash.equals(leaf) ?? false],
      ]
    },
  })
}
