import { collect } from './collecting.ts'
import { lookUp, readHistory, reverse, tryElsewhere } from './counter.ts'
import { askEntitlement, declare, find, reserve } from './finding.ts'
import { proveEntry } from './proof.ts'
import type { Stage } from './stage.ts'

const ASKS = {
  en: 'She asks what she may still receive this week.',
  fr: 'Elle demande ce qu’elle peut encore recevoir cette semaine.',
}
const AGAIN = {
  en: 'The two masks are hers to receive again.',
  fr: 'Elle peut de nouveau recevoir les deux masques.',
}

/**
 * Plays the story: declare, find, reserve, check, hand over, be refused elsewhere, take a mistake back, read the
 * history, prove it. Throws a CommandError at the first step that turns out differently.
 */
export async function playStory(stage: Stage): Promise<void> {
  const pharmacist = await stage.cast.pharmacist(stage.home)
  await declare(stage, pharmacist)
  const { second } = await find(stage)
  await askEntitlement(stage, ASKS, { surgical: 18, ffp2: 6 })
  const reservation = await reserve(stage)
  await lookUp(stage, pharmacist, reservation)
  const dispensation = await collect(stage, pharmacist, reservation)
  await tryElsewhere(stage, second)
  const reversal = await reverse(stage, pharmacist, dispensation)
  await askEntitlement(stage, AGAIN, { surgical: 4, ffp2: 4 })
  await readHistory(stage, dispensation, reversal)
  await proveEntry(stage, dispensation)
}
