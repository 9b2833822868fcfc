/** The audit log in words: what its events mean, and their details as people read them. */
import type { AuditEntry } from "../../api/audit";

const EVENTS: Readonly<Record<string, string>> = {
  authn_login_success: "Signed in",
  authn_login_fail: "Sign-in refused",
  authn_token_created: "Token made",
  authn_token_reuse: "Used token came again",
  authn_login_lock: "Sign-in made to wait",
  authn_password_change: "Password changed",
  authn_second_factor_setup: "Second factor begun to be set up",
  authn_second_factor_on: "Second factor switched on",
  authn_second_factor_off: "Second factor switched off",
  authn_second_factor_reset: "Second factor taken off",
  authn_backup_code_used: "Backup code used",
  authn_backup_codes_made: "Backup codes made",
  authn_identity_linked: "Provider linked",
  authn_identity_unlinked: "Provider taken off",
  session_ended: "Session ended",
  user_deleted: "Account erased",
  users_imported: "People imported",
  personal_data_exported: "Personal data taken along",
  audit_log_exported: "Audit log downloaded",
  audit_log_trimmed: "Old entries of the log deleted",
  password_reset_sent: "Link for a new password sent",
  signing_key_made: "Signing key made",
  invitation_created: "Invited",
  invitation_revoked: "Invitation taken back",
  invitation_accepted: "Invitation accepted",
  sensitive_read: "Mail read",
  mail_retried: "Mail sent again",
  mail_tested: "Test mail sent",
  recording_deleted: "Recording deleted",
  recording_restored: "Recording brought back from the trash",
  recording_kept_changed: "Recording kept, or not kept, for good",
  recording_visibility_changed: "Recording published or hidden",
  recording_captions_changed: "Captions of a recording changed",
  recording_chapters_changed: "Chapters of a recording changed",
  recording_shared: "Recording shared",
  recording_share_ended: "Link to a recording ended",
  user_created: "Account made",
  user_updated: "Account changed",
  privilege_permissions_changed: "Rights changed",
  authz_fail: "Access refused",
  room_created: "Room made",
  room_changed: "Room changed",
  room_deleted: "Room deleted",
  room_ended: "Class ended",
  participant_removed: "Person removed from a class",
  participant_banned: "Person banned from a room",
  ban_lifted: "Ban lifted",
  guest_link_created: "Guest link made",
  guest_link_revoked: "Guest link taken back",
  sys_columns_resealed: "Sealed columns sealed anew",
  sys_backup_restored: "Backup restored",
  chat_message_deleted: "Chat message deleted",
  chat_cleared: "Chat cleared",
  recording_quota_changed: "Space for recordings changed",
  recording_term_changed: "How long recordings are kept changed",
  course_created: "Course made",
  course_exported: "Course taken along as a file",
  course_imported: "Course made of a file",
  course_changed: "Course changed",
  course_deleted: "Course deleted",
  course_enrolled: "Enrolled in a course",
  course_left: "Left a course",
  course_role_given: "Role in a course given",
  course_role_taken: "Role in a course taken back",
  course_invitation_created: "Code or link to a course made",
  course_invitation_revoked: "Code or link to a course ended",
  analytics_exported: "Figures downloaded",
  attendance_corrected: "Attendance corrected",
  attendance_rules_changed: "What counts as attended or completed changed",
  webhook_created: "Webhook made",
  webhook_changed: "Webhook changed",
  webhook_deleted: "Webhook deleted",
};

/** An event's name in words; names that are not known here are spelt out. */
export function eventWords(event: string): string {
  const words = EVENTS[event] ?? event.replace(/^authn_|^authz_/, "").replaceAll("_", " ");
  return words.charAt(0).toLocaleUpperCase() + words.slice(1);
}

/** "user:0190…" as "user", with the id apart. */
export function subjectParts(subject: string | null): { kind: string; id: string } | null {
  if (!subject) return null;
  const [kind = "", ...rest] = subject.split(":");
  return rest.length > 0 ? { kind, id: rest.join(":") } : { kind: "", id: subject };
}

/** The facts of an entry, for its unfolded part; what is empty is left out. */
export function factsOf(entry: AuditEntry): [name: string, value: string][] {
  const facts: [string, unknown][] = [
    ["Event", entry.event],
    ["Who", entry.actor_id],
    ["To what", entry.subject],
    ["Address", entry.ip],
    ["Browser", entry.user_agent],
    ["Request", entry.request_id],
    ...Object.entries(entry.details ?? {}),
  ];
  return facts
    .filter(([, value]) => value !== null && value !== "")
    .map(([name, value]) => [name, told(value)]);
}

const told = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

/** What an `<input type=datetime-local>` holds, as the moment it means here; empty stays empty. */
export function instantOf(local: string): string {
  const then = new Date(local);
  return Number.isNaN(then.getTime()) ? "" : then.toISOString();
}
