/** A button that closes its popover. */
import { useClosePopover } from './closePopover.ts'

export function CloseSheet() {
  const close = useClosePopover()
  return (
    <button type="button" className="button" data-closes onClick={close}>
      Close
    </button>
  )
}
