"""Quizzes of a course: its questions, what is asked of whom, attempts, and how they are graded."""
