import { BundleFault } from '../../src/domain/bundle/fault.ts'
import type { BundleEntry, BundleHeader } from '../../src/domain/bundle/format.ts'
import { type Brought, BundleVerifier, type Verdict } from '../../src/domain/bundle/verifier.ts'
import { prepareBundle } from '../../src/features/ledger/bundle.ts'
import type { Selection } from '../../src/features/ledger/bundle-queries.ts'
import type { Service } from './service.ts'

/** No limit: what a selection is made from. */
export const ALL: Selection = { from: null, to: null, pharmacy: null, professional: null }

/** A bundle as the operator exports it; null: of the whole log. */
export async function exportBundle({ db }: Pick<Service, 'db'>, selection: Selection | null = null): Promise<string> {
  const bundle = await prepareBundle(db, selection, null)
  if (!bundle) throw new Error('nothing is published')
  return (await Array.fromAsync(bundle.pieces())).join('')
}

/** What the verifier says: what it found, or the sentence that it refuses with. */
export function verify(bundle: string, brought: Partial<Brought> = {}): Verdict | string {
  const verifier = new BundleVerifier({ keys: [], checkpoints: [], receipts: [], statements: [], ...brought })
  try {
    for (const line of bundle.split('\n').slice(0, -1)) verifier.line(line)
    return verifier.end()
  } catch (error) {
    if (error instanceof BundleFault) return error.message
    throw error
  }
}

/** The lines of a bundle as objects: its header, its checkpoints and its entries. */
export function linesOf(bundle: string) {
  const [header, ...lines] = bundle
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  return {
    header: header as BundleHeader,
    checkpoints: lines.filter((line) => 'checkpoint' in line) as { checkpoint: string; consistency?: string[] }[],
    entries: lines.filter((line) => 'index' in line) as (Omit<BundleEntry, 'sealed' | 'place'> &
      Record<string, unknown>)[],
  }
}
