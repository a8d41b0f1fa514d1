"""The sets that the plates are renders of. Only `plates render` needs them, and Mitsuba (extra `render`)."""
