"""What is kept of a person, said where it is kept."""
