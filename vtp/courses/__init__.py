"""Courses: what they are, what is in them, who takes part, and who may do what there."""
