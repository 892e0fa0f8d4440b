import { describe, expect, test } from 'vitest'
import { Decoder, Encoder, frameToPacket } from './frame-parser.ts'
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
      const packet = { type: 2, nsp: '/', data: ['cs', text] }
      expect(new Encoder().encode(packet)).toEqual([frameToPacket(text)])
      expect(decoded(frameToPacket(text))).toEqual(packet)
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

  test.each(['["reviews",1]', '["reviews",1]\n[1]\n"x"'])(
    'LNK3 in the packet of a server with the standard parser are understood: %j',
    (text) => {
      expect(decoded(`2${JSON.stringify(['cs', text])}`).data).toEqual(['cs', text])
    },
  )
})

describe('other packets', () => {
  test('go up and come down as those of Socket.IO', () => {
    const encode = (packet: Packet): string[] => new Encoder().encode(packet)
    expect(encode({ type: 0, nsp: '/', data: { token: 't' } })).toEqual(['0{"token":"t"}'])
    expect(encode({ type: 1, nsp: '/' })).toEqual(['1'])
    expect(decoded('0{"sid":"s"}')).toEqual({ type: 0, nsp: '/', data: { sid: 's' } })
    expect(decoded('1')).toEqual({ type: 1, nsp: '/' })
    expect(decoded('2["bye","why"]').data).toEqual(['bye', 'why'])
    expect(decoded('4{"message":"no"}').data).toEqual({ message: 'no' })
  })

  test.each([
    undefined,
    7,
    new Uint8Array([50]),
    '',
    'x',
    '0',
    '0null',
    '0"sid"',
    '2',
    '2["cs"]',
    '2["cs",]',
    '2["cs",1]',
    '2["cs","a","b"]',
    '2["sc","a"]',
    '2["disconnect","a"]',
    '21["cs","a"]',
    '2/admin,["cs","a"]',
    '3["a"]',
    '4',
    '51-["cs",{"_placeholder":true,"num":0}]',
  ])('that have no place here throw: %j', (chunk) => {
    const decoder = new Decoder()
    decoder.on('decoded', (packet) => expect.fail(`was handed on: ${JSON.stringify(packet)}`))
    expect(() => decoder.add(chunk)).toThrow(/./)
  })
})

test('LNK2 packets of further links name their namespace', () => {
  const encoder = new Encoder()
  for (const [packet, chunk] of [
    [{ type: 0, nsp: '/1', data: { sid: 's' } }, '0/1,{"sid":"s"}'],
    [{ type: 1, nsp: '/20' }, '1/20,'],
    [{ type: 2, nsp: '/999999', data: ['cs', '["/2,"]'] }, '2/999999,["cs",["/2,"]]'],
    [{ type: 2, nsp: '/3', data: ['bye', 'enough'] }, '2/3,["bye","enough"]'],
    [{ type: 4, nsp: '/3', data: { message: 'full' } }, '4/3,{"message":"full"}'],
  ] as const) {
    expect(encoder.encode(packet)).toEqual([chunk])
    expect(decoded(chunk)).toEqual(packet)
  }
  for (const nsp of ['/', '/0', '/01', '/a', '/1000000', '/1/2', '/1?a', '//'])
    expect(() => decoded(`2${nsp},["cs",[]]`)).toThrow('a packet of an unknown namespace')
})
