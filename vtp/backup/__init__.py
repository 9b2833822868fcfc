"""Backups: everything that must be kept in one file, made while the server runs, and put back."""
