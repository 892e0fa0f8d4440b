/** An error boundary for one part of the board: shows the error in its place, other parts keep working. */
import { Component, type ReactNode } from 'react'
import { Icon } from './Icon.tsx'

interface PartBoundaryProps {
  /** The name of the part, as the start of a sentence: `This issue`. */
  readonly what: string
  /** The element that replaces the part. */
  readonly as?: 'div' | 'li' | 'aside'
  readonly className?: string
  /** Closes the part, where that is possible. */
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
