import { expect, test } from 'vitest'
import { parseSignal, signalText } from './signals.ts'
import type { Signal } from './signals.ts'

const candidate = { candidate: 'candidate:1', sdpMid: '0', sdpMLineIndex: 0, usernameFragment: 'u' }

test.each<Signal>([
  { kind: 'seek' },
  { kind: 'serves' },
  { kind: 'offer', tag: 't', other: null, sdp: 'v=0\r\n' },
  { kind: 'answer', tag: 't', other: 'o', sdp: '' },
  { kind: 'candidate', tag: 't', other: null, candidate: null },
  { kind: 'candidate', tag: 't', other: 'o', candidate },
])('comes back as it was: %j', (signal) => {
  expect(parseSignal(signalText(signal))).toEqual(signal)
})

test.each([
  '',
  '[',
  '{}',
  'null',
  '[]',
  '["other"]',
  '["offer"]',
  '["offer","t"]',
  '["offer","",null,"x"]',
  '["offer",1,null,"x"]',
  '["offer","t",2,"x"]',
  '["answer","t","o",null]',
  '["candidate","t",null]',
  '["candidate","t",null,"x"]',
  '["candidate","t",null,{"candidate":1}]',
  `["offer","${'t'.repeat(65)}",null,"x"]`,
  `["offer","t",null,"${'x'.repeat(16_384)}"]`,
])('is no signal: %s', (text) => {
  expect(parseSignal(text)).toBeUndefined()
})

test('of a candidate only the fields that it may have are taken', () => {
  const text = '["candidate","t",null,{"candidate":"c","sdpMid":5,"other":1,"__proto__":{"x":1}}]'
  expect(parseSignal(text)).toEqual({
    ...{ kind: 'candidate', tag: 't', other: null },
    candidate: { candidate: 'c', sdpMid: null, sdpMLineIndex: null },
  })
})
