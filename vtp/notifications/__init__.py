"""What people are told of what concerns them: listed until it is old, and pushed to who is connected."""
