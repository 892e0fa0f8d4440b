/**
 * Seeds that once found a bug, and what it was. They are run again in every run; a seed is the
 * same history only as long as the world around it is the same, so the sentence matters more
 * than the number.
 */
export interface RegressionSeed {
  readonly seed: number
  readonly found: string
}

export const REGRESSION_SEEDS: readonly RegressionSeed[] = [
  { seed: 2, found: 'an offer lost on the way was never made again while others were nacked' },
  { seed: 12, found: 'the same, with a child that waited for its parent for ever' },
  { seed: 19, found: 'a snapshot showed own messages it contains as pending, and in conflict' },
  { seed: 21, found: 'a reviewer that another had overtaken was asked again five times a second' },
  {
    seed: 23,
    found: 'a session whose `bound` was lost was never bound again, and offered nothing',
  },
  {
    seed: 116,
    found: 'a flush was stored though the one before it was refused: a child without its parent',
  },
  { seed: 240, found: 'a row called itself canonical while an older pending write stood in it' },
  {
    seed: 250,
    found: 'an outbox was left alone because the tab that found it had its lock already',
  },
  {
    seed: 343,
    found: 'values of a newer build stayed unread: its versions told their listeners last',
  },
  { seed: 496, found: 'the rejection of a message that could not be shown was never heard' },
  {
    seed: 591,
    found: 'with a slow store nobody was bound any more: it answered for links that were long gone',
  },
  {
    seed: 3207,
    found: 'of a session that ended while another opened, only the last flush was taken over',
  },
  {
    seed: 816,
    found: 'a message that was blocked before it was sealed waited for a verdict for ever',
  },
  {
    seed: 2134,
    found: 'a base made of what a page told of a message that was known for another entity',
  },
  {
    seed: 30_137,
    found: 'a tab whose storage was taken away kept the ended sessions of others from being sent',
  },
  {
    seed: 1100,
    found:
      'a refused publication whose verdict had rotted was shown to the app when it was refused again',
  },
  { seed: 1128, found: 'a run could not be written in which a message keeps a later one' },
  {
    seed: 956,
    found:
      'everybody had a message that waited for a register to be resolved, so nobody could resolve',
  },
  { seed: 1543, found: 'a store whose storage answered late, and was owed nothing, spun for ever' },
  {
    seed: 2046,
    found:
      'a flush that was accepted in part cost the stored state of the reviewer when the store opened',
  },
  {
    seed: 2140,
    found:
      'the world read by the chain that a build had published in vain, not by that which was there first',
  },
  {
    seed: 2123,
    found:
      'the world knew a base where an accepted message was pending again under what was written since',
  },
  {
    seed: 1759,
    found: 'nobody decided a register whose field has another name in the newest build',
  },
  { seed: 1450, found: 'a late page of one snapshot was taken for all of the next, cut otherwise' },
  {
    seed: 2247,
    found:
      'what a record said was accepted was refused when the tail brought it: a store that was stuck for ever',
  },
  {
    seed: 969,
    found: 'a message that was not shown yet was a head of a snapshot, and shown beside itself',
  },
  { seed: 537, found: 'a message counted as accepted that the stored state did not have yet' },
  { seed: 643, found: 'one damaged record of a session kept all the others from being sent' },
  {
    seed: 1519,
    found:
      'the world took it for lost when an update let a merge function decide between it and the other candidates',
  },
  { seed: 188, found: 'what stood on a lost draft was offered for ever' },
  {
    seed: 1234,
    found: 'many sessions were looked up one by one, and a client asked again before that was done',
  },
  { seed: 2897, found: 'sessions that a link could bind waited for one that it could not' },
  { seed: 2645, found: 'a reviewer that was behind was said to have no seal of a message' },
  {
    seed: 5064,
    found: 'a damaged state was folded again without what another process had written',
  },
  {
    seed: 4827,
    found: 'what was accepted under a pending message, while a flush was open, was not seen by it',
  },
  {
    seed: 1066,
    found:
      'a session that the reviewer had forgotten lost its place on the link to one that got none',
  },
  {
    seed: 6556,
    found:
      'the world did not take a session for mute whose key was destroyed while its store opened',
  },
  { seed: 7593, found: 'a liar made a flush of more messages than this world lets pass' },
  {
    seed: 9167,
    found:
      'the world knew a base under own messages of which one was pending, and contained as well',
  },
  {
    seed: 9720,
    found: 'the world judged a blocked message whose parent had never left its store',
  },
  { seed: 10_131, found: 'of two creations of one row the world let only the second be refused' },
  {
    seed: 10_380,
    found:
      'a total counted own messages twice that the state of another tab contained under a later one',
  },
  {
    seed: 666,
    found: 'a slow store was asked for sessions and then for persons: binds came after their time',
  },
  {
    seed: 2390,
    found: 'while epochs came back, links that were greeted without them got batches of them',
  },
  {
    seed: 2182,
    found: 'a decision of a lost lineage was offered again by its author, and refused as stale',
  },
  {
    seed: 3881,
    found:
      'a store of scopes showed a forged tail before its check, with a row that it does not have',
  },
  {
    seed: 268,
    found:
      'a damaged page was found when its rows had pending changes: these were shown without the rest',
  },
  {
    seed: 1192,
    found:
      'a message was read before its parent, which another tab held: a refusal of the parent left it',
  },
  {
    seed: 1465,
    found:
      'the world waited for a draft that had rotted, since it knew the flush that a power cut had taken',
  },
  {
    seed: 4271,
    found:
      'strangers with logins of two seconds read the whole space again until the world had no events left',
  },
  {
    seed: 5_000_392,
    found:
      'the opening of a session was deleted while its tab stored a last message and closed: it was never sent',
  },
  {
    seed: 5_003_729,
    found:
      'a login was renewed while a bind was lost: the answer to the own session refused the ended ones',
  },
  {
    seed: 5_000_512,
    found:
      'a link bound more ended sessions again than the reviewer keeps: it forgot the first ones each time',
  },
  {
    seed: 5_000_798,
    found: 'a reviewer that had been suspended sent a batch after the end of a login',
  },
  {
    seed: 33,
    found: 'a refused message was listed with the values that an older build could read of it',
  },
  {
    seed: 4232,
    found:
      'a pending message of another session was shown on a state from before what its author had seen',
  },
  {
    seed: 3545,
    found: 'the world waited for what was written on a rotten draft, whose message it knew',
  },
]
