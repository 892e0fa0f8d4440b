/** The content of a button: an icon, and a count unless it is 0. */
import { Icon, type IconName } from './Icon.tsx'

interface CountFaceProps {
  readonly icon: IconName
  readonly count: number
  readonly tone: 'warn' | 'bad'
}

const countMax = 99

export function CountFace({ icon, count, tone }: CountFaceProps) {
  return (
    <>
      <Icon name={icon} />
      {count > 0 && (
        <span className="count" data-tone={tone} data-count={count}>
          {count > countMax ? `${countMax}+` : count}
        </span>
      )}
    </>
  )
}
