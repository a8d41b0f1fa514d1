"""How the starter base is made: scenes are rendered, a small pipeline is trained on them, and exported."""
