import t from 'tap'
import { localTime, wholeNumber } from '../../src/domain/spreadsheet-cells.ts'

t.test('a number is read where it can mean one thing only', async (t) => {
  for (const [written, meant] of [
    ['240', 240],
    ['0', 0],
    ['-5', -5],
    ['1 234', 1_234],
    ['1\u00a0234', 1_234],
    ['1\u202f234', 1_234],
    ['240,0', 240],
    ['240.00', 240],
    ['1.234,00', 1_234],
    ['1,234.0', 1_234],
    ['12 345,00', 12_345],
  ] as const) {
    t.equal(wholeNumber(written), meant, written)
  }
  for (const written of ['1.234', '1,234', '240,5', '12 34', '1 2345', '2,4E+02', 'x', '', '1.234.00', '٣']) {
    t.equal(wholeNumber(written), undefined, written)
  }
})

t.test('a time without its zone is of the zone that is given, where it can mean one instant only', async (t) => {
  const paris = (written: string) => {
    const time = localTime(written, 'Europe/Paris')
    return typeof time === 'number' ? new Date(time).toISOString() : time
  }
  for (const [written, meant] of [
    ['29/11/2026 22:50', '2026-11-29T21:50:00.000Z'],
    ['29/11/2026 22:50:07', '2026-11-29T21:50:07.000Z'],
    ['29.11.2026 22:50', '2026-11-29T21:50:00.000Z'],
    ['29-11-2026 9:05', '2026-11-29T08:05:00.000Z'],
    ['11/29/2026 10:50 PM', '2026-11-29T21:50:00.000Z'],
    ['04/04/2026 10:00', '2026-04-04T08:00:00.000Z'],
    ['2026-03-04 10:00', '2026-03-04T09:00:00.000Z'],
    ['2026-03-04T10:00:30', '2026-03-04T09:00:30.000Z'],
  ] as const) {
    t.equal(paris(written), meant, written)
  }
  t.equal(paris('03/04/2026 10:00'), 'ambiguous', 'in either order of day and month')
  t.equal(paris('25/10/2026 02:30'), 'ambiguous', 'in the hour that comes twice')
  t.equal(paris('29/03/2026 02:30'), 'unreadable', 'in the hour that there is not')
  for (const written of ['29/11/2026', '29/11/26 10:00', '46355,95', '2026-02-30 10:00', '']) {
    t.equal(paris(written), 'unreadable', written)
  }
  t.equal(localTime('29/11/2026 22:50', 'Indian/Reunion'), Date.parse('2026-11-29T18:50:00.000Z'))
})
