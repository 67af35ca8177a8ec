import t from 'tap'
import communesFile from '../../../src/cli/demo/occitanie-communes.json' with { type: 'json' }
import { demoPharmacies } from '../../../src/cli/demo/places.ts'
import { departmentOfFiness, finessNumber } from '../../../src/domain/identifiers.ts'

const pharmacies = demoPharmacies(communesFile.communes)

t.test(
  'the communes of Occitanie have some thousand pharmacies, and most of them where most people live',
  async (t) => {
    t.ok(pharmacies.length > 950 && pharmacies.length < 1_050, `${pharmacies.length} pharmacies`)
    const counts = new Map<string, number>()
    for (const { territory } of pharmacies) counts.set(territory, (counts.get(territory) ?? 0) + 1)
    t.equal(counts.size, 13)
    t.equal([...counts].sort(([, one], [, other]) => other - one)[0]?.[0], 'FR-31')
  },
)

t.test('every run makes the same pharmacies', async (t) => {
  t.strictSame(demoPharmacies(communesFile.communes), pharmacies)
})

t.test('FINESS numbers have a right key, are all different and belong to no department', async (t) => {
  t.equal(new Set(pharmacies.map(({ finess }) => finess)).size, pharmacies.length)
  t.ok(pharmacies.every(({ finess }) => finessNumber(finess) === finess))
  t.ok(pharmacies.every(({ finess }) => departmentOfFiness(finess) === undefined))
})

t.test('no two pharmacies share a point', async (t) => {
  t.equal(new Set(pharmacies.map(({ latitude, longitude }) => `${latitude},${longitude}`)).size, pharmacies.length)
})
