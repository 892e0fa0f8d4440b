import { describe, expect, test } from 'vitest'
import { CONNECT_CHARS_MAX, Decoder, Encoder, frameToPacket } from './frame-parser.ts'
import type { Packet } from './frame-parser.ts'

function decoded(chunk: unknown): Packet {
  const decoder = new Decoder()
  const packets: Packet[] = []
  decoder.on('decoded', (packet) => packets.push(packet))
  decoder.add(chunk)
  expect(packets).toHaveLength(1)
  return packets[0]!
}

describe('frames', () => {
  test.each(['', '[]', '[', ']', '[[]', '[],[]', '"', 'a"b\\', '["ü\u0000"]', '\u2028', '{"a":1}'])(
    'come back as they were: %j',
    (text) => {
      expect(decoded(frameToPacket(text))).toEqual({ type: 2, nsp: '/', data: ['cs', text] })
    },
  )

  test.each(['["tail",[2],null]\n["batch",1]\n"hash"', '["page",1]\n{"a":"\\n"}', '[ü\n\n'])(
    'with texts after the first line stand as they are: %j',
    (text) => {
      expect(frameToPacket(text)).toBe(`2["cs",${text}]`)
      expect(decoded(frameToPacket(text)).data).toEqual(['cs', text])
    },
  )

  test('LNK3 of one line are not quoted again, so their packets are plain Socket.IO', () => {
    const text = '["offer",{"a":"\\"ü\\""}]'
    expect(frameToPacket(text)).toBe(`2["cs",${text}]`)
    expect(JSON.parse(frameToPacket(text).slice(1))).toEqual(['cs', JSON.parse(text)])
  })

  test.each(['["offer",1]', '["offer",1]\n[1]\n"x"'])(
    'LNK3 in the packet of a client with the standard parser are understood: %j',
    (text) => {
      expect(decoded(`2${JSON.stringify(['cs', text])}`).data).toEqual(['cs', text])
    },
  )
})

describe('untrusted packets', () => {
  test.each([
    undefined,
    null,
    7,
    {},
    Buffer.from('2["cs","a"]'),
    '',
    'x',
    '9',
    '-1',
    '2',
    '2[',
    '2[]',
    '2["cs"]',
    '2["cs",]',
    '2["cs",1]',
    '2["cs",{}]',
    '2["cs",null]',
    '2["cs","a","b"]',
    '2["cs","a"',
    '2["sc","a"]',
    '2["bye","a"]',
    '2["disconnect","a"]',
    '2{"cs":"a"}',
    '21["cs","a"]',
    '2/admin,["cs","a"]',
    '3["a"]',
    '31["a"]',
    '4{"message":"a"}',
    '51-["cs",{"_placeholder":true,"num":0}]',
    '61-["cs"]',
    '1x',
    '0x',
    '0"a"',
    '0null',
    '01',
    '0/admin,{}',
    '0/0,',
    '0/1000000,',
    '0/1',
    '2/1/2,["cs",[]]',
    '2//,["cs",[]]',
    '1/1,x',
    `0{"a":"${'x'.repeat(CONNECT_CHARS_MAX)}"}`,
  ])('throw: %j', (chunk) => {
    const decoder = new Decoder()
    decoder.on('decoded', (packet) => expect.fail(`was handed on: ${JSON.stringify(packet)}`))
    expect(() => decoder.add(chunk)).toThrow(/./)
  })

  test('a handshake without auth has none, one with auth has it', () => {
    expect(decoded('0').data).toEqual({})
    expect(decoded('0{"token":"t"}').data).toEqual({ token: 't' })
  })

  test('nothing is handed on after the end', () => {
    const decoder = new Decoder()
    decoder.on('decoded', () => expect.fail('was handed on'))
    decoder.destroy()
    decoder.add('2["cs","a"]')
  })
})

describe('packets down', () => {
  test('are those of Socket.IO', () => {
    const encode = (packet: Packet): string[] => new Encoder().encode(packet)
    expect(encode({ type: 0, nsp: '/', data: { sid: 's' } })).toEqual(['0{"sid":"s"}'])
    expect(encode({ type: 1, nsp: '/' })).toEqual(['1'])
    expect(encode({ type: 2, nsp: '/', data: ['bye', 'why "so"'] })).toEqual([
      '2["bye","why \\"so\\""]',
    ])
    expect(encode({ type: 4, nsp: '/', data: { message: 'm' } })).toEqual(['4{"message":"m"}'])
  })
})

test('LNK2 packets of further links name their namespace', () => {
  expect(decoded('0/1,')).toEqual({ type: 0, nsp: '/1', data: {} })
  expect(decoded('1/999999,')).toEqual({ type: 1, nsp: '/999999' })
  expect(decoded('2/2,["cs",["/3,"]]')).toEqual({ type: 2, nsp: '/2', data: ['cs', '["/3,"]'] })
  expect(frameToPacket('[]', '/7')).toBe('2/7,["cs",[]]')
  expect(new Encoder().encode({ type: 1, nsp: '/7' })).toEqual(['1/7,'])
})
