/** The rows as records of a tldraw store, for client and server. */
import { type BaseRecord, type RecordId, StoreSchema, createRecordType } from '@tldraw/store'
import type { TaskInput } from '../../../data.ts'

export interface TaskRecord extends BaseRecord<'task', RecordId<TaskRecord>>, TaskInput {}

export const Task = createRecordType<TaskRecord>('task', {
  scope: 'document',
  validator: { validate: (record) => record as TaskRecord },
})

export const schema = StoreSchema.create<TaskRecord>({ task: Task })
