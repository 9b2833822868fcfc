/** What is said before an account is erased, of one's own or of somebody else's: holdings.py decides it. */
export const erasureWords = (own: boolean): { goes: string; stays: string } => {
  const [whose, who] = own ? ["Your", "you"] : ["Their", "they"];
  return {
    goes: `${whose} name, address, telephone number and picture are erased, with all that ${who} wrote in chats, what ${who} handed in, answered in quizzes and got for it, attendance, progress and places in courses; and ${who} are signed out everywhere.`,
    stays: `What ${who} made for others (rooms, courses, materials, work of a group) stays without the name. Recordings of classes stay too, with ${whose.toLowerCase()} voice and image in them.`,
  };
};
