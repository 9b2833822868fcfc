"""The faces of rooms and media: WHIP and WHEP."""
