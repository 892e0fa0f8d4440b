/**
 * Rejections from the wire or a disk: untrusted JSON, validated part by part. The signature is
 * verified elsewhere, where the reviewer's key is known.
 */
import { isHash } from '../base/hash.ts'
import { jsonFault } from '../base/json.ts'
import { isUuid } from '../base/uuid.ts'
import { LIMITS } from '../facts/limits.ts'
import { FINAL_REASONS, type Rejection, type Standing } from '../facts/message.ts'
import { isCount } from '../facts/parse.ts'
import { type FieldForm, checked, listOfAll } from './fields.ts'

/** Hard limit that no deployment can raise: a longer list is not parsed. */
const STANDING_MAX = LIMITS.standingMax * 8

/** Whether an untrusted value has the form of a rejection; its signature is verified elsewhere. */
export function isRejection(value: unknown): value is Rejection {
  if (!isObject(value)) return false
  const { msgId, hash, reason, detail, sig, reviewerId, standing } = value
  const textual =
    typeof reason === 'string' &&
    FINAL_REASONS.has(reason) &&
    (detail === undefined || typeof detail === 'string')
  if (!isUuid(msgId) || !isHash(hash) || !isUuid(reviewerId) || typeof sig !== 'string')
    return false
  return textual && (standing === undefined || isStandingList(standing))
}

/** In a frame. */
export const rejectionList: FieldForm<readonly Rejection[]> = listOfAll(
  checked(isRejection, 'a rejection'),
)

function isStandingList(value: unknown): value is readonly Standing[] {
  return Array.isArray(value) && value.length <= STANDING_MAX && value.every(isStanding)
}

function isStanding(item: unknown): item is Standing {
  if (!isObject(item)) return false
  const { entityId, type, reg, msgId, authorId, value, schemaVersion } = item
  return (
    isUuid(entityId) &&
    typeof type === 'string' &&
    typeof reg === 'string' &&
    isUuid(msgId) &&
    isUuid(authorId) &&
    isCount(schemaVersion) &&
    (value === undefined || jsonFault(value) === undefined)
  )
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
