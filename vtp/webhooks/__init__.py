"""Webhooks: other programs are told of rooms, participants and recordings, signed and retried."""
