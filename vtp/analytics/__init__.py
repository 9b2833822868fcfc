"""What people watched and which classes they were in, and what is told of that to whom."""
