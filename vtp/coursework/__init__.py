"""Coursework: the files of a course, what is handed in, and what it is worth. Stands above vtp.courses."""
