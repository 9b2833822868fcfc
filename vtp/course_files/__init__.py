"""Courses as files: written while they are sent, and put into a server as new courses."""
