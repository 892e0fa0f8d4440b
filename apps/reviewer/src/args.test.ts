import { describe, expect, test } from 'vitest'
import { readArgs, USAGE } from './args.ts'

const space = '1f0e9a52-6f0c-4d3c-9a61-0a2f4b7c8d9e'

describe('settings', () => {
  test('have defaults that open this machine only', () => {
    expect(readArgs([])).toEqual({
      kind: 'settings',
      settings: {
        port: 4800,
        host: '127.0.0.1',
        data: 'data',
        log: 'info',
        spaces: undefined,
        key: undefined,
        restored: false,
        origins: undefined,
      },
    })
  })

  test('are taken from the command line', () => {
    const args = ['--port=0', '--host', '::', '--data', 'd', '--log', 'debug', '--space', space]
    const more = [
      '--key',
      'k',
      '--restored',
      '--origin',
      'https://a.example',
      '--origin',
      'https://b.example',
    ]
    expect(readArgs([...args, ...more])).toEqual({
      kind: 'settings',
      settings: {
        port: 0,
        host: '::',
        data: 'd',
        log: 'debug',
        spaces: [space],
        key: 'k',
        restored: true,
        origins: ['https://a.example', 'https://b.example'],
      },
    })
    expect(readArgs(['--origin', 'https://a.example', '--origin', '*'])).toMatchObject({
      settings: { origins: '*' },
    })
  })

  test('name several spaces, or any', () => {
    const other = space.replace('1', '2')
    expect(readArgs(['--space', space, '--space', other])).toMatchObject({
      settings: { spaces: [space, other] },
    })
    expect(readArgs(['--spaces', 'any'])).toMatchObject({ settings: { spaces: 'any' } })
  })

  test('every option of the usage is an option, and help is help', () => {
    expect(readArgs(['--help'])).toEqual({ kind: 'help' })
    expect(readArgs(['-h'])).toEqual({ kind: 'help' })
    for (const [option] of USAGE.matchAll(/--\w+/g)) {
      const parsed = readArgs([`${option}=x`])
      expect(parsed.kind === 'fault' && /unknown/i.test(parsed.fault), option).toBe(false)
    }
  })
})

describe('faults', () => {
  const faults: [args: string[], says: RegExp][] = [
    [['--port', 'abc'], /--port must be a number from 0 to 65535, not "abc"/],
    [['--port', '65536'], /--port/],
    [['--port', '-1'], /--port/],
    [['--port', '1e3'], /--port/],
    [['--port', ''], /--port/],
    [['--port'], /--port/],
    [['--data', ''], /--data must not be empty/],
    [['--host='], /--host must not be empty/],
    [['--key='], /--key must not be empty/],
    [['--rules='], /--rules must not be empty/],
    [['--log', 'loud'], /--log must be one of silent, .*, not "loud"/],
    [['--space', 'home'], /--space must be a lower-case uuid, not "home"/],
    [['--space', space.toUpperCase()], /--space/],
    [['--space', space, '--space', 'home'], /--space must be a lower-case uuid, not "home"/],
    [['--spaces', 'all'], /--spaces must be any, not "all"/],
    [['--spaces', 'any', '--space', space], /exclude each other/],
    [['--space', 'a\nb'], /--space .*"a\\nb"/],
    [['--colour'], /--colour/],
    [['start'], /start/],
  ]
  test.each(faults)('%j is one line that says what is wrong', (args, says) => {
    const parsed = readArgs(args)
    expect(parsed.kind).toBe('fault')
    const text = parsed.kind === 'fault' ? parsed.fault : ''
    expect(text).toMatch(says)
    expect(text).not.toContain('\n')
  })
})
