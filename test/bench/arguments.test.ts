import t from 'tap'
import { readArguments } from './arguments.ts'

const known = ['nearest_50', 'dispense']

t.test('what is left out has its default', async (t) => {
  t.match(readArguments([], known), { scale: 'small', seconds: 10, runs: 3, cases: [], keep: false, json: undefined })
})

t.test('cases may be several', async (t) => {
  const asked = readArguments(
    ['--case', 'dispense', '--case', 'nearest_50', '--scale', 'national', '--seconds', '3'],
    known,
  )
  t.match(asked, { scale: 'national', seconds: 3, cases: ['dispense', 'nearest_50'] })
  t.match(readArguments(['--case', 'dispense,nearest_50'], known), { cases: ['dispense', 'nearest_50'] })
})

t.test('who asks for help gets it, whatever else is asked', async (t) => {
  t.equal(readArguments(['--scale', 'national', '--help'], known), undefined)
})

t.test('whoever asks wrongly is told what is wrong', async (t) => {
  t.throws(
    () => readArguments(['--case', 'fastest'], known),
    /there is no case fastest; there are nearest_50, dispense/,
  )
  t.throws(() => readArguments(['--scale', 'huge'], known), /--scale must be small or national/)
  t.throws(() => readArguments(['--seconds', '0.5'], known), /--seconds must be a whole number/)
  t.throws(() => readArguments(['--fast'], known), /--fast/)
})
