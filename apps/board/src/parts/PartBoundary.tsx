/** Where a fault of one part of the board ends: it says so in its place, and the rest goes on. */
import { Component, type ReactNode } from 'react'
import { Icon } from './Icon.tsx'

interface PartBoundaryProps {
  /** What is shown here, as the beginning of a sentence: `This issue`. */
  readonly what: string
  /** The element that takes the place of the part. */
  readonly as?: 'div' | 'li' | 'aside'
  readonly className?: string
  /** Puts the part away, where it can be. */
  readonly onClose?: () => void
  readonly children: ReactNode
}

interface State {
  readonly failure: string | undefined
}

export class PartBoundary extends Component<PartBoundaryProps, State> {
  override state: State = { failure: undefined }

  static getDerivedStateFromError(failure: unknown): State {
    return { failure: failure instanceof Error ? failure.message : String(failure) }
  }

  override render(): ReactNode {
    const { what, as: Place = 'div', className = '', onClose, children } = this.props
    const { failure } = this.state
    if (failure === undefined) return children
    return (
      <Place className={`failed ${className}`} role="alert">
        <Icon name="warning" />
        <p>
          {what} cannot be shown: {failure}
        </p>
        <button
          type="button"
          className="button"
          onClick={() => this.setState({ failure: undefined })}
        >
          Try again
        </button>
        {onClose && (
          <button type="button" className="button" onClick={onClose}>
            Close
          </button>
        )}
      </Place>
    )
  }
}
