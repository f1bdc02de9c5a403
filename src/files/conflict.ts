/** What happens when the folder has the name with other bytes: a number, a refusal, or the other one goes to the trash. */
export const CONFLICTS = ['rename', 'reject', 'replace'] as const;

export type Conflict = (typeof CONFLICTS)[number];
