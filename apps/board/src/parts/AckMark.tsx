/** The state of a row's newest change, as an icon with a colour and a label. */
import type { RowState } from '@countersign/core'
import { Icon, type IconName } from './Icon.tsx'

interface Says {
  readonly icon: IconName
  readonly word: string
  readonly sentence: string
}

export const ackWords: Readonly<Record<RowState, Says>> = {
  volatile: {
    icon: 'warning',
    word: 'unsaved',
    sentence: 'Only in the memory of this page: not saved on this device, and not reviewed yet.',
  },
  pending: {
    icon: 'clock',
    word: 'pending',
    sentence: 'Saved on this device. Not reviewed yet.',
  },
  unverified: {
    icon: 'clock',
    word: 'unverified',
    sentence: 'Received from the reviewer. Its signature is being checked.',
  },
  provisional: {
    icon: 'check',
    word: 'provisional',
    sentence: 'Reviewed by a peer. The home reviewer decides later.',
  },
  canonical: {
    icon: 'check',
    word: 'reviewed',
    sentence: 'Reviewed, and the same on all devices.',
  },
}

export function AckMark({ state }: { state: RowState }) {
  const { icon, word, sentence } = ackWords[state]
  return (
    <span className="ack" data-state={state} title={sentence}>
      <Icon name={icon} />
      <span className="unseen">{word}</span>
    </span>
  )
}
