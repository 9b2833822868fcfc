/** Who gets a mail of what becomes of a live lesson. Members choose it for themselves; not all see each. */
export const TOLD_BY_MAIL = " Members who see it get a mail, unless they have chosen otherwise.";
