import { z } from 'zod'
import type { Queryable } from '../../db/database.ts'
import { phrase } from '../../domain/language.ts'
import { invalid, Rejection } from '../../domain/refusals.ts'
import { operatorHeader } from '../../http/effects.ts'
import { everyone } from '../../http/policy.ts'
import { problems } from '../../http/problems.ts'
import { readingOf } from '../../http/readings.ts'
import type { App, Deps } from '../../http/service.ts'
import { knownKeys, newestCheckpoint, type PublishedCheckpoint } from '../../store/checkpoints.ts'
import { findRecordLeaf } from '../../store/log-records.ts'
import { proveConsistency, proveInclusion } from '../../store/merkle-log-proofs.ts'
import { aboveNewest, noCheckpoint, noSuchEntry, notYetThere } from './absences.ts'
import { findLeaf } from './queries.ts'
import { consistencyProof, consistencyQuery, inclusionProof, inclusionQuery } from './schema.ts'

const plainText = (description: string) => ({ description, content: { 'text/plain': { schema: z.string() } } })

/**
 * The log's public face. Any token may read checkpoints, keys and consistency proofs: they say nothing about anybody,
 * and the more people keep them, the harder the history is to forge.
 */
export async function ledgerRoutes(app: App, deps: Deps): Promise<void> {
  checkpointRoute(app, deps)
  keyRoute(app, deps)
  inclusionRoute(app, deps)
  consistencyRoute(app, deps)
}

function checkpointRoute(app: App, { db: { audits: db } }: Deps): void {
  app.get(
    '/v1/ledger/checkpoint',
    {
      config: { policy: { scope: 'ledger:read', ...everyone } },
      schema: {
        operationId: 'readCheckpoint',
        tags: ['ledger'],
        summary: 'The newest checkpoint of the log',
        description:
          'A C2SP signed note: origin, number of entries and Merkle root. Whoever keeps it can prove later that nothing before it was changed.',
        response: { 200: plainText('A signed note'), ...problems(401, 403, 404) },
      },
    },
    async (_request, reply) => {
      const { note } = await requireCheckpoint(db)
      return reply.type('text/plain; charset=utf-8').serializer(String).send(note)
    },
  )
}

function keyRoute(app: App, { db: { audits: db }, signers }: Deps): void {
  app.get(
    '/v1/ledger/key',
    {
      config: { policy: { scope: 'ledger:read', ...everyone } },
      schema: {
        operationId: 'readLedgerKeys',
        tags: ['ledger'],
        summary: 'The keys that verify checkpoints and receipts',
        description: 'C2SP verifier keys, one per line: the present one first, then those of older checkpoints.',
        response: { 200: plainText('Verifier keys'), ...problems(401, 403) },
      },
    },
    async (_request, reply) => {
      const present = signers.map(({ line }) => line)
      const older = (await knownKeys(db)).filter((line) => !present.includes(line)).reverse()
      return reply
        .type('text/plain; charset=utf-8')
        .serializer(String)
        .send([...present, ...older].map((line) => `${line}\n`).join(''))
    },
  )
}

function inclusionRoute(app: App, { db: { audits: db } }: Deps): void {
  app.get(
    '/v1/ledger/inclusion-proof',
    {
      config: { policy: { scope: 'ledger:read', pharmacy: 'own', professional: 'own', regulator: 'remit' } },
      schema: {
        operationId: 'proveInclusion',
        tags: ['ledger'],
        summary: 'Prove that an entry is in the log',
        description:
          'Each reading by a pharmacy or a regulator, and each attempt, is recorded before it is answered. A record of the log is about nobody, and anybody may have its proof.',
        headers: operatorHeader,
        querystring: inclusionQuery,
        response: { 200: inclusionProof, ...problems(401, 403, 404, 'entry_not_in_checkpoint') },
      },
    },
    async (request) => {
      const { entry } = request.query
      // The checkpoint is read first: an entry that is in the log by then is in this one or a later one.
      const newest = await newestCheckpoint(db)
      // A record is about nobody: whoever may read the log may read it, and no reading is recorded.
      const leaf =
        (await findRecordLeaf(db, entry)) ?? (await findLeaf(db, request.caller, entry, readingOf(request, 'ledger')))
      if (!leaf) throw noSuchEntry()
      const { entryHash, index } = leaf
      if (!newest || index === null || index >= newest.size) {
        throw new Rejection('entry_not_in_checkpoint', notYetThere)
      }
      const { size, note } = newest
      const hashes = base64(await proveInclusion(db, index, size))
      return { entry, entryHash, index, size, hashes, checkpoint: note }
    },
  )
}

function consistencyRoute(app: App, { db: { audits: db } }: Deps): void {
  app.get(
    '/v1/ledger/consistency-proof',
    {
      config: { policy: { scope: 'ledger:read', ...everyone } },
      schema: {
        operationId: 'proveConsistency',
        tags: ['ledger'],
        summary: 'Prove that a larger tree begins with a smaller one',
        querystring: consistencyQuery,
        response: { 200: consistencyProof, ...problems(401, 403, 404) },
      },
    },
    async ({ query }) => {
      const { size, note } = await requireCheckpoint(db)
      const { from, to = size } = query
      if (to > size) throw invalid('to', aboveNewest(size))
      if (from > to) throw invalid('from', { en: phrase`is above ${to}`, fr: phrase`dépasse ${to}` })
      return { from, to, hashes: base64(await proveConsistency(db, from, to)), checkpoint: note }
    },
  )
}

async function requireCheckpoint(db: Queryable): Promise<PublishedCheckpoint> {
  const newest = await newestCheckpoint(db)
  if (!newest) throw noCheckpoint()
  return newest
}

function base64(hashes: readonly Buffer[]): string[] {
  return hashes.map((hash) => hash.toString('base64'))
}
