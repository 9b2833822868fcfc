"""One's home: what is next, due and new in all of one's courses. It stands above courses and coursework."""
