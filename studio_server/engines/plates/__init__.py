"""The shelf of plates: pictures of places, rendered in sharp focus with their depth, defocused when used."""
