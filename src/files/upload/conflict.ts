/** What happens when the folder has the name with other bytes. */
export const CONFLICTS = ['rename', 'reject'] as const;

export type Conflict = (typeof CONFLICTS)[number];
