"""How the server is and what it is set to, for its administrators."""
