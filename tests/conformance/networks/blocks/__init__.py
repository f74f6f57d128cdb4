"""What networks of a family share. Networks import these by their full name: exports are kept under their text too."""
