import t from 'tap'
import { makeCast } from '../../support/cast.ts'
import { ask, type Case, casesOf, wrongIn } from '../../support/matrix.ts'
import { type Answer, startService } from '../../support/service.ts'
import { hashTables } from '../../support/tables.ts'

const service = await startService(t, { MAX_LIVE_HOLDS: 100 })
const cast = await makeCast(t, service)
const cases = casesOf(service, cast)
const refusals = cases.filter(({ expected }) => expected.code !== undefined)
const rest = cases.filter(({ expected }) => expected.code === undefined)
const answers = new Map<string, Answer>()

const count = (of: (each: Case) => string) => new Set(cases.map(of)).size
t.comment(
  `${cases.length} calls: ${count(({ route }) => route.name)} routes × ${count(({ caller }) => caller.name)} callers × own, granted, another’s object and none; ${refusals.length} refused, ${rest.length} answered`,
)

/** Asks every case and answers what is wrong. */
async function askAll(asked: readonly Case[]): Promise<string[]> {
  const wrong: string[] = []
  for (const each of asked) {
    const answer = await ask(service, each)
    answers.set(each.name, answer)
    const fault = wrongIn(each, answer)
    if (fault !== undefined) wrong.push(fault)
  }
  return wrong
}

t.test('whoever may not is refused with the one status that the policy says, and nothing is changed', async (t) => {
  const before = await hashTables(service.db)
  t.same(await askAll(refusals), [])
  t.same(await hashTables(service.db), before)
})

t.test('a refusal says the same of what is another’s and of what is not there', async (t) => {
  const ofNone = refusals.filter(({ relation }) => relation === 'none')
  t.ok(ofNone.length > 100)
  const telling = ofNone.filter(({ name }) => {
    const other = answers.get(name.replace(' of none ', ' of other '))
    return said(answers.get(name)) !== said(other)
  })
  t.same(
    telling.map(({ name }) => name),
    [],
  )
})

t.test('whoever may is answered', async (t) => {
  t.same(await askAll(rest), [])
})

t.test('an answer names the hand-overs and reservations of those alone whom its reader reaches', async (t) => {
  const found = { ofOwn: 0, ofOthers: [] as string[] }
  for (const { name, caller, route } of rest) {
    // A pharmacy's stock is in the remit of all professions, and its movements name hand-overs by their ids alone.
    if (caller.ofAnotherProfession && route.name === 'GET /v1/pharmacies/{finess}/stock-movements') continue
    const text = JSON.stringify(answers.get(name)?.body)
    for (const { pharmacy, professional, territory, reservation, dispensation } of Object.values(cast.objects)) {
      if (!text.includes(reservation) && !text.includes(dispensation)) continue
      const isReached = [pharmacy, professional, territory].some((each) => caller.reaches.includes(each))
      if (isReached && !caller.ofAnotherProfession) found.ofOwn++
      else found.ofOthers.push(name)
    }
  }
  t.ok(found.ofOwn > 10)
  t.same(found.ofOthers, [])
})

/** A problem without what is each request's own. */
function said(answer: Answer | undefined): string {
  const { requestId: _, instance: __, ...problem } = answer?.body ?? {}
  return JSON.stringify({ ...problem, challenge: answer?.headers['www-authenticate'] })
}
